import { expect } from "chai";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { forward } from "../../../../../lab/controller/ecr/registry.ts";

describe("The registry's port on loopback", () => {
  it("leads to the registry, and outlives a registry that does not answer", async () => {
    const directory = await mkdtemp(join(tmpdir(), "ecr-"));
    const socket = join(directory, "registry.sock");
    const port = await forward(socket);
    const { address, port: number } = port.address() as AddressInfo;
    expect(address).to.equal("127.0.0.1");
    try {
      await once(connect(number, address), "close");
      const registry = createServer((_, response) => response.end("here"));
      await once(registry.listen(socket), "listening");
      expect(await (await fetch(`http://127.0.0.1:${number}/v2/`)).text()).to.equal("here");
      registry.close();
      registry.closeAllConnections();
    } finally {
      port.close();
      await rm(directory, { recursive: true });
    }
  });
});
