import { expect } from "chai";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const preload = new URL("../../../../lab/support/lab-names.ts", import.meta.url).href;

describe("The names of the lab's internet", () => {
  it("are found by the programs of lab/ops, and by nothing that those start", async () => {
    const home = mkdtempSync(join(tmpdir(), "lab-names-"));
    const server = createServer((_, response) => response.end("from the lab"));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      mkdirSync(join(home, "share/dns"), { recursive: true });
      writeFileSync(join(home, "share/dns/hosts"), "127.0.0.1 app.example.test\n");
      const { port } = server.address() as AddressInfo;
      const program = `import { lookup } from "node:dns/promises";
        const page = await fetch("http://app.example.test:${port}/");
        const other = await lookup("localhost", { all: true });
        console.log(JSON.stringify([await page.text(), await lookup("app.example.test", { all: true }),
          other.length > 0, process.env.NODE_OPTIONS]));`;
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ["--input-type=module", "--eval", program],
        {
          env: {
            ...process.env,
            LAB_HOME: home,
            NODE_OPTIONS: `--no-warnings --import=${preload}`,
          },
        },
      );
      const found = [{ address: "127.0.0.1", family: 4 }];
      expect(JSON.parse(stdout)).to.deep.equal(["from the lab", found, true, "--no-warnings "]);
    } finally {
      server.close();
      rmSync(home, { recursive: true });
    }
  });
});
