/** Whether a request to ECR's registry carries a login that ECR has given. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { isEcrLogin } from "../control-api.ts";

/**
 * Answers nginx: 204 for a valid login, else 401, worded as ECR does.
 *
 * @param ready called before a valid login is answered: the registry is needed from then on
 */
export async function answerLogin(
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
