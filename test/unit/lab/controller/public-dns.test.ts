import { expect } from "chai";
import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { configureDns, dnsFiles, prepareDns } from "../../../../lab/controller/public-dns.ts";
import type { Container } from "../../../../lab/controller/docker.ts";
import { withFakeEngine } from "./fake-engine.ts";

const dns = {
  zones: ["example.test", "other.example"],
  records: [
    { name: "app.example.test", address: "198.18.0.70" },
    { name: "app.example.test", address: "198.18.0.71" },
  ],
};

describe("The public DNS of the lab", () => {
  const labIn = (home: string) => ({
    ...{ name: "unit", home, subnet: 0 },
    images: { machine: "", net: "", mysql: "" },
  });

  it("has a line for each address, and answers for all names of its zones", () => {
    expect(dnsFiles(dns)).to.deep.equal({
      hosts: "198.18.0.70 app.example.test\n198.18.0.71 app.example.test\n",
      zones: "server=/example.test/\nserver=/other.example/\n",
    });
    expect(dnsFiles({ zones: [], records: [] })).to.deep.equal({ hosts: "", zones: "" });
  });

  it("is written before dnsmasq reads it again, once for each change and each start", async () => {
    const commands: string[] = [];
    const seen: string[] = [];
    await withFakeEngine(
      (request, response) => {
        if (request.url === "/containers/unit-internet/exec")
          request.on("data", (body: Buffer) => {
            commands.push((JSON.parse(body.toString()) as { Cmd: string[] }).Cmd.join(" "));
          });
        if (request.url!.endsWith("/start")) {
          response.writeHead(101, { connection: "Upgrade", upgrade: "tcp" });
          response.end();
        } else if (request.url!.endsWith("/exec")) response.writeHead(201).end('{"Id":"1"}');
        else response.end('{"ExitCode":0}');
      },
      async (server, home) => {
        server.on("upgrade", (_, socket) => {
          seen.push(readFileSync(join(home, "share/dns/hosts"), "utf8"));
          socket.end("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
        });
        const internet = { name: "unit-internet", startedAt: "1" } as Container;
        const lab = labIn(home);
        await prepareDns(lab);
        const apply = (of: typeof dns, startedAt = "1") =>
          configureDns(lab, { ...internet, startedAt }, of);
        await apply(dns);
        await apply(dns);
        await apply({ ...dns, records: [] });
        await apply({ ...dns, records: [] }, "2");
      },
    );
    expect(commands).to.deep.equal(Array(3).fill("pkill -HUP dnsmasq"));
    expect(seen).to.deep.equal([dnsFiles(dns).hosts, "", ""]);
  });

  it("has files before dnsmasq starts, and keeps those of a lab that is up", async () => {
    await withFakeEngine(
      (_, response) => response.end(),
      async (_, home) => {
        await prepareDns(labIn(home));
        const files = ["hosts", "zones"].map((name) => join(home, "share/dns", name));
        expect(files.map(existsSync)).to.deep.equal([true, true]);
        await writeFile(files[0]!, "198.18.0.70 app.example.test\n");
        await prepareDns(labIn(home));
        expect(readFileSync(files[0]!, "utf8")).to.equal("198.18.0.70 app.example.test\n");
      },
    );
  });
});
