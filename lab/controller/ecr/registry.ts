/**
 * The registry behind ECR's names: a process in the container that plays the internet, started when it is first needed. Machines
 * reach it by ECR's name, with TLS and a login. The engine of the host reaches it by a port on loopback, where Docker asks for
 * neither.
 */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { relative } from "node:path";
import { exec, type Lab } from "../docker.ts";
import { internetName } from "../internet.ts";

export function registrySocket(lab: Lab): string {
  return `${lab.home}/ecr/registry.sock`;
}

/** Resolves once the registry listens. */
export async function ensureRegistry(lab: Lab): Promise<void> {
  await exec(internetName(lab), ["/lab/net/ecr.sh"]);
}

let forwarder: Promise<Server> | undefined;

/** Port of the registry on loopback, as long as the controller lives. Resolves once the registry listens. */
export async function registryPort(lab: Lab): Promise<number> {
  await ensureRegistry(lab);
  forwarder ??= forward(registrySocket(lab));
  return ((await forwarder).address() as AddressInfo).port;
}

/** Passes connections to a free port of loopback on to the socket. */
export async function forward(socket: string): Promise<Server> {
  // A socket's path has 107 characters at most, counted as it is given.
  const path = relative(process.cwd(), socket);
  const server = createServer((client) => {
    const registry = connect({ path });
    client.pipe(registry).pipe(client);
    client.on("error", () => registry.destroy());
    registry.on("error", () => client.destroy());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server;
}
