import * as pulumi from "@pulumi/pulumi";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { configure } from "./config.ts";
import { registrations, valueOf, type Calls, type Registered } from "./mocks.ts";

/** The whole program, as registered under mocks. */
export interface Program {
  readonly resources: Registered[];
  readonly outputs: Record<string, { value: unknown; secret: boolean }>;
  /** The only resource of this type whose name ends with `nameEnd`. */
  readonly one: (type: string, nameEnd?: string) => Registered;
  /** The resources of this type. */
  readonly all: (type: string) => Registered[];
}

let runs = 0;
/**
 * Starts a fake of the services that the program calls without Pulumi in an update. It returns an address of this
 * computer and a security group without rules. Resolves to the environment variables that point to it.
 */
async function playAws(): Promise<Record<string, string>> {
  const server = createServer((request, response) => {
    const checkip = request.url === "/checkip";
    response.writeHead(200, { "content-type": checkip ? "text/plain" : "text/xml" });
    response.end(checkip ? "203.0.113.7" : "<DescribeSecurityGroupRulesResponse/>");
  });
  server.listen(0, "127.0.0.1").unref();
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credentials = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };
  return { CHECKIP_URL: `${url}/checkip`, AWS_ENDPOINT_URL: url, ...credentials };
}
let played: Promise<Record<string, string>> | undefined;

/** Runs index.ts with the default settings and these. `calls` override the mocks' default answers. */
export async function program(
  settings: Record<string, unknown> = {},
  calls: Calls = {},
  stack = "dev",
): Promise<Program> {
  configure(settings);
  const outer = { ...process.env };
  const aws = await (played ??= playAws());
  Object.assign(process.env, aws);
  const load = () => import(`../../index.ts?run=${++runs}`) as Promise<Record<string, unknown>>;
  const { result, resources } = await registrations(load, stack, calls).finally(() => {
    for (const name of Object.keys(aws)) delete process.env[name];
    Object.assign(process.env, outer);
  });
  const outputs: Program["outputs"] = {};
  for (const [name, output] of Object.entries(result)) {
    // The engine leaves out what is undefined.
    if (output !== undefined) outputs[name] = await valueOf(pulumi.output(output));
  }
  const all = (type: string) => resources.filter((resource) => resource.type === type);
  const one = (type: string, nameEnd = "") => {
    const [found, ...others] = all(type).filter(({ name }) => name.endsWith(nameEnd));
    if (!found || others.length > 0) {
      const names = all(type).map(({ name }) => name);
      throw new Error(`not one ${type} …${nameEnd}, but ${names.join(", ") || "none"}`);
    }
    return found;
  };
  return { resources, outputs, all, one };
}

/** The direct and indirect dependencies of the resource "type name". */
export function upstream({ resources }: Program, key: string): Set<string> {
  const found = new Set<string>();
  const visit = (current: string): void => {
    const resource = resources.find(({ type, name }) => `${type} ${name}` === current);
    if (!resource) throw new Error(`no resource ${current}`);
    for (const dependency of resource.dependencies) {
      if (found.has(dependency)) continue;
      found.add(dependency);
      visit(dependency);
    }
  };
  visit(key);
  return found;
}
