/** Answers nginx in the lab's internet whether a request to ECR's registry carries a login that ECR has given. */
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { relative } from "node:path";
import { isEcrLogin } from "../control-api.ts";

/**
 * Serves on the socket: 204 for a valid login, else 401, worded as ECR does.
 *
 * @param ready called before each valid login is answered: the registry is needed from then on
 */
export async function serveLogin(
  socket: string,
  ready: () => Promise<void>,
  log: (text: string) => void,
): Promise<Server> {
  // Of a controller that has ended.
  await rm(socket, { force: true });
  const server = createServer((request, response) => {
    answer(request, response, ready).catch((error: Error) => {
      log(`login to ECR: ${error.message}`);
      response.writeHead(500).end();
    });
  });
  // A socket's path has 107 characters at most, counted as it is given.
  await once(server.listen(relative(process.cwd(), socket)), "listening");
  return server;
}

async function answer(
  { headers }: IncomingMessage,
  response: ServerResponse,
  ready: () => Promise<void>,
): Promise<void> {
  const login = credentials(headers.authorization);
  if (login && (await isEcrLogin(...login))) {
    await ready();
    response.writeHead(204).end();
    return;
  }
  const realm = `Basic realm="https://${headers.host}/",service="ecr.amazonaws.com"`;
  response.writeHead(401, { "WWW-Authenticate": realm }).end();
}

/** User and password of HTTP's Basic authentication. */
function credentials(authorization = ""): [user: string, password: string] | undefined {
  const encoded = /^Basic ([\w+/=]+)$/i.exec(authorization)?.[1];
  const text = Buffer.from(encoded ?? "", "base64").toString();
  const colon = text.indexOf(":");
  return colon < 0 ? undefined : [text.slice(0, colon), text.slice(colon + 1)];
}
