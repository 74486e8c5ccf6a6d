import { expect } from "chai";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { change, reload } from "../../../../../lab/controller/load-balancers/haproxy.ts";

/** Sends a line to a socket that answers so, as HAProxy does: it ends the connection after an answer. */
async function answered(
  answer: string,
  send: (socket: string) => Promise<void>,
): Promise<{ received: string; problem: string }> {
  const directory = await mkdtemp(join(tmpdir(), "haproxy-"));
  const socket = join(directory, "admin.sock");
  let received = "";
  const server = createServer((connection) =>
    connection.on("data", (data) => {
      received += data.toString();
      connection.end(answer);
    }),
  );
  await once(server.listen(socket), "listening");
  try {
    const problem = await send(socket).then(
      () => "",
      (error: Error) => error.message,
    );
    return { received, problem };
  } finally {
    server.close();
    await rm(directory, { recursive: true });
  }
}

describe("A command to HAProxy", () => {
  const sent = (line: string, answer: string) => answered(answer, (socket) => change(socket, line));

  it("succeeds with the answer that HAProxy has for it", async () => {
    const answers = {
      "set server tg/one state drain": "\n",
      "add server tg/one 10.0.1.30:5005": "New server registered.\n\n",
      "del server tg/one": "Server deleted.\n\n",
    };
    for (const [line, answer] of Object.entries(answers))
      expect(await sent(line, answer)).to.deep.equal({ received: `${line}\n`, problem: "" });
  });

  it("leaves a server with requests under way to a later pass", async () => {
    const busy = "Server still has connections attached to it, cannot remove it.\n\n";
    expect((await sent("del server tg/one", busy)).problem).to.equal("");
  });

  it("fails with HAProxy's words otherwise", async () => {
    for (const line of ["set server tg/one state drain", "add server tg/one", "del server tg/one"])
      expect((await sent(line, "No such backend.\n\n")).problem).to.equal(
        `HAProxy answers "No such backend." to: ${line}`,
      );
    expect((await sent("add server tg/one", "\n")).problem).to.include('answers ""');
  });

  it("fails where nothing listens", async () => {
    const problem: unknown = await change("/nowhere/admin.sock", "show info").catch(
      (error: unknown) => error,
    );
    expect(problem).to.have.property("code", "ENOENT");
  });
});

describe("A reload of HAProxy", () => {
  it("fails with HAProxy's words about a configuration that it does not take", async () => {
    expect(await answered("Success=1\n--\n[NOTICE] Loading success.\n", reload)).to.deep.equal({
      received: "reload\n",
      problem: "",
    });
    const { problem } = await answered("Success=0\n--\n[ALERT] unknown keyword\n", reload);
    expect(problem).to.match(/^HAProxy does not reload: Success=0\n--\n\[ALERT\] unknown keyword/);
  });
});
