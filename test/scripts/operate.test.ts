import { expect } from "chai";
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Machine } from "./machine.ts";

const program = new URL("../../deployer/operate.ts", import.meta.url).pathname;

describe("The commands of day two", function () {
  let machine: Machine;
  beforeEach(() => {
    machine = new Machine();
    machine.stack();
    machine.s3();
    machine.script("operate", `exec node --import tsx '${program}' "$@"`);
    machine.script("publish-status.sh", "log status");
    machine.script("backup.sh", `log "backup $*"; echo backups/now-by-hand`);
    const outputs = { appServerSsh: "ssh -i ~/.ssh/x admin@host", sshPrivateKey: "KEY" };
    machine.fake("pulumi", `log "pulumi $*"; echo '${JSON.stringify(outputs)}'`);
    // The machine at the other end is this one.
    machine.fake("ssh", `last=\${*: -1}; eval "\${last//\\/opt\\/flask-on-aws/${machine.root}}"`);
    machine.write("s3/backups/now-by-hand/dump.sql.gz", "dump");
    machine.write("s3/backups/now-by-hand/app.zip", "app");
    machine.write("s3/backups/now-by-hand/manifest", "created x\nsha256 dump.sql.gz another\n");
  });
  afterEach(() => machine.remove());

  const operate = (...args: string[]) => machine.run("operate", args);
  const sha256 = createHash("sha256").update("dump").digest("hex");
  const copies = () => join(machine.home, "copies");

  it("go to the stack that is named, in either form", () => {
    expect(operate("backup", "--stack", "prod").status).to.equal(0);
    expect(operate("backup", "--stack=prod").status).to.equal(0);
    const asked = machine.log.split("\n").filter((line) => line.startsWith("pulumi "));
    const wanted = "pulumi stack output --json --show-secrets --stack prod";
    expect(asked).to.deep.equal([wanted, wanted]);
  });

  for (const args of [["--to"], ["--to="], ["--stack"], ["somewhere"], ["--copy-to", "x"]]) {
    it(`refuse: backup ${args.join(" ")}`, () => {
      const { status, stderr } = operate("backup", ...args);
      expect(stderr).to.match(/^error: .*\nremedy: npm run backup -- /);
      expect(status).to.equal(1);
      expect(machine.log).to.equal("");
    });
  }

  it("say after Ctrl-C what goes on", () => {
    machine.fake("ssh", "kill -INT $PPID; exit 255"); // ssh's own status then
    const { status, stderr } = operate("restore");
    expect(stderr).to.match(/^interrupted; on the machine `restore` may go on/);
    expect(status).to.equal(130);
  });

  it("say what to do where Pulumi is not there or knows no such stack", () => {
    machine.fake("pulumi", "echo no stack named prod found >&2; exit 1");
    expect(operate("logs", "--stack", "prod").stderr).to.match(/see above\nremedy: --stack NAME/);
    machine.script("operate", `PULUMI=no-pulumi exec node --import tsx '${program}' "$@"`);
    const { status, stderr } = operate("logs");
    expect(stderr).to.match(/^error: no-pulumi: .*\nremedy: install Pulumi; in the lab PULUMI=/);
    expect(status).to.equal(1);
  });

  it("do not keep a copy whose dump is not what its manifest says", () => {
    const { status, stderr } = operate("backup", "--to", copies());
    expect(status).to.equal(1);
    expect(stderr).to.match(/error: .*dump.sql.gz is not what its manifest says\nremedy: /);
    expect(readdirSync(join(copies(), "backups/now-by-hand"))).to.not.include("manifest");
  });

  it("copy a backup to a directory, the manifest last", () => {
    machine.write("s3/backups/now-by-hand/manifest", `created x\nsha256 dump.sql.gz ${sha256}\n`);
    const { status, stdout, stderr } = operate("backup", "--to", copies());
    expect(status, stderr).to.equal(0);
    expect(stdout).to.equal(`${copies()}/backups/now-by-hand\n`);
    expect(machine.read("copies/backups/now-by-hand/app.zip")).to.equal("app");
    expect(readdirSync(join(copies(), "backups/now-by-hand"))).to.have.members([
      ...["app.zip", "dump.sql.gz", "manifest"],
    ]);
    expect(machine.log).to.include("backup by-hand").and.include("status");
    expect(machine.log).to.match(/app\.zip -\n.*dump\.sql\.gz -\n.*manifest -\n$/);
  });

  it("say when the machine refuses the copy, and how to try again", () => {
    machine.write("refused", "app.zip -$\n");
    const { status, stderr } = operate("backup", "--stack=prod", "--to", copies());
    expect(status).to.equal(1);
    expect(stderr).to.include(
      `error: app.zip of backups/now-by-hand was not copied\nremedy: npm run backup -- --to '${copies()}' --stack 'prod'\n`,
    );
    machine.script("backup.sh", "exit 1");
    expect(operate("backup", "--to", copies()).stderr).to.include(
      `error: no copy was made, see above\nremedy: npm run backup -- --to '${copies()}'\n`,
    );
  });

  it("copy a backup though the site cannot be told", () => {
    machine.write("s3/backups/now-by-hand/manifest", `created x\nsha256 dump.sql.gz ${sha256}\n`);
    machine.script("publish-status.sh", "exit 5");
    const { status, stderr } = operate("backup", "--to", copies());
    expect(status, stderr).to.equal(0);
  });

  it("list the releases in lines that a terminal has room for", () => {
    const [made, served] = ["preflight=10.5 migrate=10.2 switch=20.1 verify=10.3", "rollback"];
    const release = ["time of 20 characters", "c0ffee".repeat(7), "app:1", "id", "0123456789ab"];
    const stored = "backups/20260102T030405Z-before-0123456789ab";
    const lines = [
      ["000001", ...release, stored, "ann@desk", made],
      ["000002", ...release, "-", "ann@desk", served],
    ];
    lines.forEach((line) => machine.write(`root/ledger/${line[0]}`, `${line.join("\t")}\n`));
    const { stdout } = operate("releases");
    const printed = stdout.trim().split("\n");
    expect(printed[0]).to.match(/^release +time +commit +revision +backup +by$/);
    expect(printed[2]).to.match(
      /^000001 .* c0ffeec0ffee +0123456789ab +20260102T030405Z +ann@desk$/,
    );
    expect(printed[3]).to.equal(`         ${made}`);
    expect(printed[4]).to.match(/^000002 .* - +ann@desk$/);
    expect(printed[5]).to.equal("         rollback");
    for (const line of printed) expect(line).to.have.length.of.at.most(100);
  });
});
