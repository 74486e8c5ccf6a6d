import { expect } from "chai";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { findAddress, unanswered } from "../../network/checkip.ts";
import type { Failure } from "../../operations/failure.ts";

const allow = "pulumi config set --path 'adminCidrs[0]' ADDRESS/32 --stack dev";

describe("The lookup of this computer's public address", () => {
  let server: Server;
  let answer: { status: number; body: string };
  const outer = process.env.CHECKIP_URL;

  beforeEach(async () => {
    server = createServer((_, response) => response.writeHead(answer.status).end(answer.body));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    process.env.CHECKIP_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    server.close();
    if (outer === undefined) delete process.env.CHECKIP_URL;
    else process.env.CHECKIP_URL = outer;
  });
  const failure = () =>
    findAddress(allow).then(
      (address) => expect.fail(`found ${address}`),
      (error: Failure) => error,
    );

  it("returns the address that the service answers", async () => {
    answer = { status: 200, body: "203.0.113.7\n" };
    expect(await findAddress(allow)).to.equal("203.0.113.7");
  });

  it("shows the start of an answer that is not an address, and suggests two remedies", async () => {
    answer = { status: 200, body: `<html>\n<title>Log in to Hotel</title>${"x".repeat(100)}` };
    const { message, remedy } = await failure();
    expect(message).to.match(
      /^the address of this computer is unknown: http:\S+ answers "<html>\\n<title>.{0,60}", not/,
    );
    expect(remedy).to.match(/^log in to this network if it asks for that, .*\n +pulumi config set/);
  });

  it("names the HTTP status when the service answers with an error", async () => {
    answer = { status: 503, body: "203.0.113.7" };
    expect((await failure()).message).to.match(/ answers 503, not one public IPv4 address$/);
  });

  it("names the reason when the service does not answer, and a remedy", async () => {
    server.close();
    await once(server, "close");
    const { message, remedy } = await failure();
    expect(message).to.match(/: http:\/\/127\.0\.0\.1:\d+ does not answer: .*ECONNREFUSED/);
    expect(remedy).to.equal(`try again; or let an address in by hand:\n        ${allow}`);
  });

  it("reports a computer without IPv4, and suggests a network with IPv4", () => {
    const connect = (code: string, message: string) =>
      Object.assign(new Error(message), { code }) as NodeJS.ErrnoException;
    const one = connect("ENETUNREACH", "connect ENETUNREACH 192.0.2.1:443");
    const all = Object.assign(new AggregateError([one, one]), { code: "ENETUNREACH" });
    for (const cause of [one, all]) {
      const error = new TypeError("fetch failed", { cause });
      const { message, remedy } = unanswered("https://checkip.example", error, allow);
      expect(message).to.match(
        /^this computer has no way to IPv4 addresses \(connect ENETUNREACH .*\), and the app server/,
      );
      expect(remedy).to.equal(
        "use a network with IPv4, where this answers: curl -4 https://checkip.example",
      );
    }
  });
});
