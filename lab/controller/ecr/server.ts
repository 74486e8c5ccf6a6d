/** What nginx in the lab's internet asks the controller about requests to ECR's registry. */
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { relative } from "node:path";
import { answerLogin } from "./login.ts";
import { answerPush } from "./push.ts";

/** The socket of the registry, and what has it listen. */
export interface Registry {
  socket: string;
  ensure: () => Promise<void>;
}

export async function serveEcr(
  socket: string,
  registry: Registry,
  log: (text: string) => void,
): Promise<Server> {
  // Of a controller that has ended.
  await rm(socket, { force: true });
  const server = createServer((request, response) => {
    const answered =
      request.url === "/login"
        ? answerLogin(request, response, registry.ensure)
        : answerPush(request, response, registry.socket);
    answered.catch((error: Error) => {
      log(`ECR, ${request.url}: ${error.message}`);
      response.writeHead(500).end();
    });
  });
  // A socket's path has 107 characters at most, counted as it is given.
  await once(server.listen(relative(process.cwd(), socket)), "listening");
  return server;
}
