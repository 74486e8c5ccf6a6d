/**
 * Chooses the lab subnet, 198.18.N.0/24, and the port of the lab's API. Prints "N PORT".
 * LAB_SUBNET and LAB_API_PORT, where set, leave one choice. Exits with 1 and names the conflict if none is left.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { conflict, parseRoutes } from "./routing-table.ts";

function portIsFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** A whole number of the environment, or undefined where it is not set. Throws naming the variable. */
function setting(name: string, least: number, most: number): number | undefined {
  const text = process.env[name];
  if (!text) return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Error(
    `${name} is "${text}"\n  remedy: set it to a whole number from ${least} to ${most}, or unset it`,
  );
}

async function choose(): Promise<string> {
  const port = setting("LAB_API_PORT", 1024, 65535);
  if (port !== undefined && !(await portIsFree(port))) {
    throw new Error(
      `LAB_API_PORT is ${port}, and that port of 127.0.0.1 is taken\n` +
        "  remedy: end what listens there (`ss -ltnp`), set another one (1024 to 65535), or unset it",
    );
  }
  const wanted = setting("LAB_SUBNET", 0, 255);
  const routes = parseRoutes(readFileSync("/proc/net/route", "utf8"));
  const problems: string[] = [];
  for (const subnet of wanted === undefined ? Array(256).keys() : [wanted]) {
    const taken = conflict(routes, subnet);
    if (taken) problems.push(`198.18.${subnet}.0/24 is behind ${taken.interface}`);
    else if (port !== undefined) return `${subnet} ${port}`;
    else if (await portIsFree(4566 + subnet)) return `${subnet} ${4566 + subnet}`;
    else problems.push(`port ${4566 + subnet} of 127.0.0.1 is taken`);
  }
  const others = problems.length > 1 ? `, and ${problems.length - 1} more like it` : "";
  throw new Error(
    `no room for the lab's internet and API: ${problems[0]}${others}\n` +
      "  remedy: end what uses it (`ip route`, `ss -ltnp`), or set LAB_SUBNET (0 to 255) or LAB_API_PORT (1024 to 65535)",
  );
}

try {
  console.log(await choose());
} catch (error) {
  console.error(`error: ${(error as Error).message}`);
  process.exitCode = 1;
}
