import { spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { credentials } from "@grpc/grpc-js";
import provider from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import proto from "@pulumi/pulumi/proto/provider_pb.js";
import { expect } from "chai";
import struct from "google-protobuf/google/protobuf/struct_pb.js";
import { SshServer } from "./ssh-server.ts";

const launcher = join(
  import.meta.dirname,
  "../../../../lab/providers/fallback/pulumi-resource-command",
);

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe("The lab's command provider", function () {
  this.timeout(60_000);

  it("ends its commands and itself when the engine is killed", async () => {
    const server = await new SshServer().listen();
    // A shell plays the engine: it starts the plugin from another directory and waits.
    const script = `${launcher} 127.0.0.1:1 & echo $!; wait`;
    const engine = spawn("/bin/sh", ["-c", script], {
      cwd: tmpdir(),
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines = createInterface(engine.stdout)[Symbol.asyncIterator]();
    const plugin = Number((await lines.next()).value);
    const port = Number((await lines.next()).value);
    const client = new provider.ResourceProviderClient(
      `127.0.0.1:${port}`,
      credentials.createInsecure(),
    );
    try {
      const inputs = { create: "sleep 60", connection: server.connection };
      const request = new proto.CreateRequest()
        .setType("command:remote:Command")
        .setProperties(struct.Struct.fromJavaScript(inputs));
      client.create(request, () => undefined);
      while (!server.events.includes("exec sleep 60")) await sleep(50);

      engine.kill("SIGKILL");
      await once(engine, "exit");
      while (alive(plugin)) await sleep(50);
      expect(server.events).to.include.members(["signal TERM", "close"]);
    } finally {
      client.close();
      if (alive(plugin)) process.kill(plugin, "SIGKILL");
      await server.close();
    }
  });
});
