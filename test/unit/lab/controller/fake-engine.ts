import Docker from "dockerode";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { engine } from "../../../../lab/controller/docker.ts";

/** Runs a test while the controller's engine is a server of the test. */
export async function withFakeEngine(
  answer: RequestListener,
  test: (server: Server, directory: string) => Promise<void>,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "engine-"));
  const server = createServer(answer);
  const { modem } = engine;
  try {
    const socketPath = join(directory, "socket");
    await once(server.listen(socketPath), "listening");
    engine.modem = new Docker({ socketPath }).modem;
    await test(server, directory);
  } finally {
    engine.modem = modem;
    server.close();
    server.closeAllConnections();
    await rm(directory, { recursive: true });
  }
}
