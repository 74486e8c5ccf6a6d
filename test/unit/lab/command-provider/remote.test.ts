import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import type { Connection } from "../../../../lab/providers/command/connection.ts";
import { runRemote } from "../../../../lab/providers/command/remote.ts";
import type { CommandInputs } from "../../../../lab/providers/command/run.ts";
import { failureOf, recording } from "./recording.ts";
import { clientKey, hostKeys, SshServer } from "./ssh-server.ts";

const nothing = { stdout: "", stderr: "" };

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

describe("Remote commands of the lab's command provider", function () {
  this.timeout(20_000);
  let server: SshServer;
  beforeEach(async () => (server = await new SshServer().listen()));
  afterEach(() => server.close());

  const run = (
    command: string,
    extra: Partial<Connection> = {},
    inputs: CommandInputs = {},
    { running } = recording(),
  ) =>
    runRemote(
      { ...inputs, connection: { ...server.connection, ...extra } },
      command,
      nothing,
      running,
    );

  describe("A session", () => {
    it("passes standard input to the command and closes it", async () => {
      const stdin = "line\n".repeat(100_000);
      expect(await run("wc -l", {}, { stdin })).to.deep.equal({ stdout: "100000", stderr: "" });
      expect(await run("wc -l")).to.deep.equal({ stdout: "0", stderr: "" });
      expect((await run("true", {}, { stdin })).stdout).to.equal("");
    });

    it("reports the exit status of a command that ends at once", async () => {
      for (let count = 0; count < 30; count++) await run("exit 0");
      expect(await failureOf(run("exit 7"))).to.equal(
        'Process exited with status 7: running "exit 7":\n',
      );
    });

    it("reports the signal that ended a command", async () => {
      expect(await failureOf(run("kill -9 $$"))).to.match(
        /^Process exited with status 137 from signal KILL: /,
      );
    });

    it("passes lines on while the command runs, and keeps stdout and stderr separate", async () => {
      const record = recording();
      const ran = run("printf 'on'; echo e >&2; sleep 0.2; echo e; sleep 2", {}, {}, record);
      let over = false;
      void ran.then(() => (over = true));
      while (record.lines.length < 2) await sleep(10);
      expect([record.lines, over]).to.deep.equal([["e", "one"], false]);
      expect(await ran).to.deep.equal({ stdout: "one", stderr: "e" });
    });

    it("reports a broken connection, and closes the connection after the command", async () => {
      const broken = failureOf(run("sleep 60"));
      while (!server.events.includes("exec sleep 60")) await sleep(10);
      await server.close();
      expect(await broken).to.match(/without exit status or exit signal/);
      server = await new SshServer().listen();
      await run("true");
      while (!server.events.includes("close")) await sleep(10);
    });

    it("ends the command when the engine has exited", async () => {
      const gone = new AbortController();
      const ran = run("sleep 60", {}, {}, recording(gone.signal));
      while (!server.events.includes("exec sleep 60")) await sleep(10);
      gone.abort(new Error("gone"));
      await failureOf(ran);
      while (!server.events.includes("close")) await sleep(10);
      expect(server.events).to.deep.equal(["login", "exec sleep 60", "signal TERM", "close"]);
    });
  });

  describe("A host key", () => {
    const right = hostKeys[0]!.public;
    for (const [form, hostKey] of [
      ["as ssh-keygen writes it", right],
      ["with a comment, among other lines", `# the app server\n\n${right} admin@host\n`],
      ["with options before it", `command="echo a b",no-pty ${right}`],
      ["in the format of known_hosts", `app.example.org ${right}`],
    ]) {
      it(`is accepted ${form}`, async () => {
        await run("true", { hostKey: hostKey! });
      });
    }

    it("that differs from the configured one prevents the login and is reported", async () => {
      const failure = await failureOf(run("true", { hostKey: hostKeys[1]!.public }));
      expect(failure).to.match(
        /^after 0 failed attempts: ssh: handshake failed: ssh: host key mismatch: 127\.0\.0\.1:\d+ shows ssh-ed25519 SHA256:\S{43}, connection\.hostKey is ssh-ed25519 SHA256:\S{43}$/,
      );
      expect(server.events).to.not.include("login");
    });

    it("that cannot be parsed fails at once", async () => {
      const record = recording();
      for (const hostKey of ["", "rubbish", "ssh-ed25519 AAAA", "ssh-rsa " + right.split(" ")[1]]) {
        const failure = await failureOf(run("true", { hostKey, dialErrorLimit: 5 }, {}, record));
        expect(failure).to.match(/^failed to parse host key: connection\.hostKey has no line like/);
      }
      expect(record.lines).to.deep.equal([]);
    });
  });

  describe("A connection attempt", () => {
    it("is repeated up to the limit, with increasing waits", async () => {
      const port = await closedPort();
      const record = recording();
      const start = Date.now();
      const failure = await failureOf(run("true", { port, dialErrorLimit: 4 }, {}, record));
      expect(failure).to.match(/^after 4 failed attempts: dial tcp 127\.0\.0\.1:\d+: .*REFUSED/);
      expect(record.lines).to.deep.equal(
        [1, 2, 3, 4].map((count) => `Dial ${count}/4 failed: retrying`),
      );
      // 0.1 + 0.15 + 0.225 + 0.3375 s
      expect(Date.now() - start).to.be.within(800, 3000);
    });

    it("succeeds once the server listens", async () => {
      const { port, connection } = server;
      await server.close();
      const late = { connection: { ...connection, dialErrorLimit: 60 } };
      const ran = runRemote(late, "echo late", nothing, recording().running);
      await sleep(300);
      server = await new SshServer().listen(port);
      expect((await ran).stdout).to.equal("late");
    });

    it("to a silent server ends after perDialTimeout, or when it is cancelled", async () => {
      const silent = createServer().listen(0, "127.0.0.1");
      await once(silent, "listening");
      const { port } = silent.address() as AddressInfo;
      const start = Date.now();
      expect(await failureOf(run("true", { port, perDialTimeout: 1 }))).to.match(/Timed out/);
      expect(Date.now() - start).to.be.within(900, 3000);
      const cancel = new AbortController();
      setTimeout(() => cancel.abort(new Error("cancelled")), 100);
      const cancelled = run("true", { port }, {}, recording(cancel.signal));
      expect(await failureOf(cancelled)).to.equal("cancelled");
      silent.close();
    });

    it("without a limit is repeated until it is cancelled", async () => {
      const cancel = new AbortController();
      const record = recording(cancel.signal);
      const port = await closedPort();
      const ran = run("true", { port, dialErrorLimit: -1 }, {}, record);
      await sleep(600);
      cancel.abort(new Error("cancelled"));
      expect(await failureOf(ran)).to.equal("cancelled");
      expect(record.lines[0]).to.equal("Dial 1/inf failed: retrying");
    });

    it("logs in by key or by password", async () => {
      const { host, port, user } = server.connection;
      const connection = {
        host,
        port,
        user,
        password: "sesame",
        dialErrorLimit: 0,
        perDialTimeout: 5,
      };
      const { running } = recording();
      expect((await runRemote({ connection }, "echo in", nothing, running)).stdout).to.equal("in");
      const wrong = { privateKey: hostKeys[1]!.private, hostKey: hostKeys[0]!.public };
      expect(await failureOf(run("true", wrong))).to.match(/unable to authenticate admin: All/);
      const both = { ...wrong, password: "sesame" };
      expect((await run("echo in", both)).stdout).to.equal("in");
    });

    it("fails at once with an unreadable private key, and does not print the key", async () => {
      const record = recording();
      const privateKey = clientKey.private.replaceAll("A", "B");
      const failure = await failureOf(run("true", { privateKey, dialErrorLimit: 5 }, {}, record));
      expect(failure).to.match(/^connection\.privateKey, an OpenSSH or PEM private key: /);
      expect(failure).to.not.include(privateKey.split("\n")[1]);
      expect(record.lines).to.deep.equal([]);
    });
  });

  describe("A proxy", () => {
    let proxy: SshServer;
    beforeEach(async () => (proxy = await new SshServer({ hostKey: hostKeys[1]! }).listen()));
    afterEach(() => proxy.close());

    it("carries the connection, with a host key for each host, and is closed afterwards", async () => {
      const hop = { ...proxy.connection, hostKey: hostKeys[1]!.public };
      const ran = await run("echo there", { proxy: hop, hostKey: hostKeys[0]!.public });
      expect(ran.stdout).to.equal("there");
      expect(proxy.events[0]).to.equal("login");
      while (!proxy.events.includes("close")) await sleep(10);
    });

    it("that fails or cannot reach the host is named in the error", async () => {
      const wrong = { ...proxy.connection, hostKey: hostKeys[0]!.public };
      expect(await failureOf(run("true", { proxy: wrong }))).to.match(
        /^proxy: after 0 failed attempts: .*host key mismatch.*connection\.proxy\.hostKey is/,
      );
      const port = await closedPort();
      const record = recording();
      const unreachable = { port, proxy: proxy.connection, dialErrorLimit: 1 };
      expect(await failureOf(run("true", unreachable, {}, record))).to.match(
        new RegExp(`^proxy: after 1 failed attempts: dial 127\\.0\\.0\\.1:${port}: `),
      );
      expect(record.lines).to.deep.equal(["Dial from proxy 1/1 failed: retrying"]);
    });
  });
});
