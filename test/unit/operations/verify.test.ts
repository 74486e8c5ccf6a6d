import { expect } from "chai";
import { createServer, type AddressInfo } from "node:net";
import { answerOf } from "../../../deployer/ports.ts";
import { changesOf, portsCheck, verifyText } from "../../../operations/verify.ts";
import { fixture, type Fixture } from "./fixture.ts";

const urn = (types: string, name: string) => `urn:pulumi:dev::flask-on-aws::${types}::${name}`;
const rule =
  "flask-on-aws:network:SecurityGroups$aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";

describe("./ops verify", function () {
  this.timeout(20_000);
  let stack: Fixture;
  /** Has acceptance.sh on the app server print these rows. */
  const onMachine = (...rows: string[][]) =>
    stack.machine.script(
      "acceptance.sh",
      `log acceptance; printf '%s\\n' ${rows.map((row) => `$'${row.join("\\t")}'`).join(" ")}`,
    );
  /** Replaces `pulumi preview`. The other commands of Pulumi stay as in the fixture. */
  const preview = (printed: object, status: number, said = "") => {
    const fake = stack.machine.read("fakes/pulumi").replace(/^[^]*?\nlog "pulumi/, 'log "pulumi');
    stack.machine.fake(
      "pulumi",
      `if [ "$1" = preview ]; then log "pulumi $*"; echo '${JSON.stringify(printed)}'; echo '${said}' >&2; exit ${status}; fi\n${fake}`,
    );
  };
  /** Runs ./ops verify on a network with these answers. */
  const verify = (network: object = {}, ...args: string[]) => {
    const env = { NETWORK: JSON.stringify(network) };
    const { status, stdout, stderr } = stack.machine.run("ops", ["verify", ...args], "", env);
    return { status, lines: stdout.trimEnd().split("\n"), stderr };
  };
  beforeEach(() => {
    stack = fixture();
    stack.machine.script("publish-status.sh", "log published");
    onMachine(["disk", "ok", "9 MiB free", ""], ["out-of-memory", "skipped", "no log", ""]);
  });
  afterEach(() => stack.machine.remove());

  it("prints a row for each check, and exits with 0 when no check fails", () => {
    const { status, lines, stderr } = verify();
    expect(stderr).to.equal("dev · us-west-2 · 198.51.100.7\n");
    expect(lines[0]).to.match(/^page {11}ok {6}http:\/\/198\.51\.100\.7\/ answers 200 in \d+ ms$/);
    expect(lines.slice(1)).to.deep.equal([
      "ports          ok      22 is open, 80 is open, 443 is open, 5085 is open, 3306 refuses connections",
      "disk           ok      9 MiB free",
      "out-of-memory  skipped (no log)",
      "drift          ok      every resource is as the program and the state say",
      "",
      "no check failed",
    ]);
    expect(status).to.equal(0);
    // The checks run at the same time: the preview may log between these two.
    expect(stack.machine.log).to.match(/^acceptance\n[^]*^published$/m);
    expect(stack.machine.log).to.match(
      /^pulumi preview --refresh --expect-no-changes --json --non-interactive$/m,
    );
  });

  it("prints the remedy below a failed row, names the check in the last line and exits with 1", () => {
    onMachine(["grants", "FAILED", "no SELECT", "raise it"], ["disk", "ok", "9 MiB free", ""]);
    const { status, lines } = verify();
    expect(lines.slice(2)).to.deep.equal([
      "grants  FAILED  no SELECT",
      "                remedy: raise it",
      "disk    ok      9 MiB free",
      "drift   ok      every resource is as the program and the state say",
      "",
      "1 of 5 checks failed: grants",
    ]);
    expect(status).to.equal(1);
  });

  it("prints the checks as JSON with --json", () => {
    const { status, lines } = verify({ 80: 502 }, "--json");
    const checks = JSON.parse(lines.join("\n")) as { name: string; result: string }[];
    expect(checks.map(({ name, result }) => `${name} ${result}`)).to.deep.equal([
      ...["page FAILED", "ports ok", "disk ok", "out-of-memory skipped", "drift ok"],
    ]);
    expect(status).to.equal(1);
  });

  for (const [answer, found] of [
    [502, "answers 502 in"],
    ["refused", "does not answer: connect ECONNREFUSED"],
  ] as const) {
    it(`fails the page check on this answer: ${answer}`, () => {
      const { status, lines } = verify({ 80: answer });
      expect(lines[0]).to.match(new RegExp(`^page +FAILED {2}\\S+/ ${found}`));
      expect(lines[1]).to.match(/^ +remedy: .*: pulumi up --refresh$/);
      expect(status).to.equal(1);
    });
  }

  for (const [host, remedy] of [
    ["unknown.example", /^create the record .*: pulumi stack output dnsRecord$/],
    ["self-signed.example", /^follow the remedy of the row certificate$/],
  ] as const) {
    it(`names the remedy when the page has no address or no trusted certificate: ${host}`, () => {
      stack.machine.remove();
      stack = fixture({}, { appUrl: `http://${host}` });
      onMachine();
      const { status, lines } = verify();
      expect(lines[0]).to.match(/^page +FAILED {2}\S+\/ does not answer: there is no host /);
      expect(lines[1]!.replace(/^ +remedy: /, "")).to.match(remedy);
      expect(status).to.equal(1);
    });
  }

  describe("where tasks serve", () => {
    const urls = { appUrl: "http://app.example", canaryUrl: "http://198.51.100.7" };
    const withTasks = (more: object = {}) => {
      stack.machine.remove();
      stack = fixture({}, { ...urls, ...more });
      onMachine();
    };

    it("checks the domain's page and the app server's", () => {
      withTasks();
      const { status, lines } = verify();
      expect(lines[0]).to.match(/^page {4}ok {6}http:\/\/app\.example\/ answers 200 in \d+ ms$/);
      expect(lines[1]).to.match(
        /^canary {2}ok {6}http:\/\/198\.51\.100\.7\/ answers 200 in \d+ ms$/,
      );
      expect(status).to.equal(0);
    });

    for (const [network, row, found, remedy] of [
      [{ balancer: 503 }, "page", /answers 503/, /row tasks .*: pulumi up --refresh$/],
      [{ 80: 502 }, "canary", /answers 502/, /row app .*: pulumi up --refresh$/],
      [
        { record: "198.51.100.7" },
        "page",
        /app\.example leads to the app server, 198\.51\.100\.7, and not to the load balancer$/,
        /^ +remedy: if pulumi stack output dnsRecord prints .*: pulumi up --refresh$/,
      ],
    ] as const) {
      it(`fails the check ${row} with this network: ${JSON.stringify(network)}`, () => {
        withTasks();
        const { status, lines } = verify(network);
        const at = lines.findIndex((line) => line.includes("FAILED"));
        expect(lines[at])
          .to.match(new RegExp(`^${row} `))
          .and.match(found);
        expect(lines[at + 1]).to.match(remedy);
        expect(lines.at(-1)).to.equal(`1 of 4 checks failed: ${row}`);
        expect(status).to.equal(1);
      });
    }

    it("names the update that gives the app server the certificate of its address", () => {
      withTasks({ canaryUrl: "http://self-signed.example" });
      const { lines } = verify();
      expect(lines[1]).to.match(/^canary {2}FAILED /);
      expect(lines[2]).to.match(/certificate of its address: pulumi up$/);
    });

    it("names the record to create when the domain has no address", () => {
      withTasks({ appUrl: "http://unknown.example" });
      expect(verify().lines[1]).to.match(/create the record .*: pulumi stack output dnsRecord$/);
    });
  });

  it("fails the ports check when the database's port is open, with the stack in the remedy", () => {
    const { status, lines } = verify({ 3306: 200 }, "--stack", "prod");
    expect(lines[1]).to.equal("ports          FAILED  3306 is open");
    expect(lines[2]).to.match(/remedy: .*: pulumi up --refresh --stack prod$/);
    expect(status).to.equal(1);
  });

  it("fails the ports check when port 22 does not answer", () => {
    const { status, lines } = verify({ 22: "silent", 3306: "silent" });
    expect(lines[1]).to.equal("ports          FAILED  22 does not answer");
    expect(status).to.equal(1);
  });

  it("lists the resources that differ, and suggests `pulumi up --refresh`", () => {
    preview({ steps: [{ op: "create", urn: urn(rule, "web-80") }] }, 255);
    const { status, lines } = verify({}, "--stack", "prod");
    const at = lines.findIndex((line) => line.startsWith("drift"));
    expect(lines[at]).to.equal(
      "drift          FAILED  1 resource(s) differ from the program: + aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule web-80",
    );
    expect(lines[at + 1]).to.match(/then .*: pulumi up --refresh --stack prod$/);
    expect(status).to.equal(1);
    expect(stack.machine.log).to.match(/--non-interactive --stack prod$/m);
  });

  it("prints the reason why a preview failed", () => {
    const diagnostics = [{ severity: "error", message: "ExpiredToken: it has expired\n" }];
    for (const [printed, said] of [
      [{ diagnostics }, ""],
      [{}, "error: ExpiredToken: it has expired"],
    ] as const) {
      preview(printed, 255, said);
      const { status, lines } = verify();
      const at = lines.findIndex((line) => line.startsWith("drift"));
      expect(lines[at]).to.match(/FAILED {2}the preview ended with status 255: Exp\w+: it has exp/);
      expect(lines[at + 1]).to.match(/see what it says: pulumi preview --refresh/);
      expect(status).to.equal(1);
    }
  });

  it("runs the other checks when the app server cannot be reached", () => {
    stack.machine.fake(
      "ssh",
      `while [ "$1" != -E ]; do shift; done; echo timeout >>"$2"; exit 255`,
    );
    const { status, lines } = verify();
    expect(lines[2]).to.match(
      /^machine {2}FAILED {2}the app server cannot be reached at .*timeout$/,
    );
    expect(lines[3]).to.match(/remedy: check that the machine runs: pulumi refresh;$/);
    expect(lines.at(-1)).to.equal("1 of 4 checks failed: machine");
    expect(status).to.equal(1);
  });

  it("reports that the app server lacks the scripts", () => {
    stack.machine.script("acceptance.sh", "exit 127");
    const { status, lines } = verify();
    expect(lines[2]).to.match(/^machine {2}FAILED {2}the app server lacks the scripts/);
    expect(lines[3]).to.match(/remedy: install them: pulumi up$/);
    expect(status).to.equal(1);
  });

  it("reports that the checks on the app server ended with an error", () => {
    stack.machine.script("acceptance.sh", "exit 7");
    const { lines } = verify();
    expect(lines[2]).to.match(
      /^machine {2}FAILED {2}the checks on the machine ended with status 7$/,
    );
    expect(stack.machine.log).to.not.include("published");
  });
});

describe("The checks from the operator's computer", () => {
  it("distinguish an open port, a closed port and a port that does not answer in time", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const soon = () => AbortSignal.timeout(2_000);
    expect(await answerOf("127.0.0.1", port, soon())).to.equal("open");
    expect(await answerOf("127.0.0.1", port, AbortSignal.abort())).to.equal("silent");
    await new Promise((resolve) => server.close(resolve));
    expect(await answerOf("127.0.0.1", port, soon())).to.equal("refused");
  });

  it("accept a refused connection on port 443 and a closed port 5085, and no other such answers", () => {
    const good = [
      ...[[80, "open"] as const, [443, "refused"] as const],
      ...[[5085, "silent"] as const, [3306, "silent"] as const],
    ];
    expect(portsCheck(good, "do it").result).to.equal("ok");
    for (const [port, answer] of [
      [80, "silent"],
      [80, "refused"],
      [443, "silent"],
      [22, "refused"],
      [5085, "refused"],
      [3306, "open"],
    ] as const) {
      const { result, found, remedy } = portsCheck([...good, [port, answer]], "do it");
      expect([result, found.split(" ")[0], remedy]).to.deep.equal(["FAILED", `${port}`, "do it"]);
    }
  });

  it("list a resource once when a preview has several steps for it", () => {
    const steps = [
      { op: "same", urn: urn("aws:ec2/vpc:Vpc", "a") },
      { op: "update", urn: urn("x:y:Z$aws:ec2/vpc:Vpc", "b") },
      { op: "update", urn: urn("x:y:Z$aws:ec2/vpc:Vpc", "b") },
      { op: "delete", urn: urn("aws:ec2/vpc:Vpc", "c") },
      { op: "replace", urn: urn("aws:ec2/vpc:Vpc", "d") },
    ];
    expect(changesOf({ steps })).to.deep.equal([
      ...["~ aws:ec2/vpc:Vpc b", "- aws:ec2/vpc:Vpc c", "replace aws:ec2/vpc:Vpc d"],
    ]);
    expect(changesOf({})).to.deep.equal([]);
  });

  it("count the failed checks in the last line", () => {
    const failed = { name: "a", result: "FAILED", found: "b", remedy: "" } as const;
    expect(verifyText([failed, { ...failed, name: "c" }]).at(-1)).to.equal(
      "2 of 2 checks failed: a, c",
    );
  });
});
