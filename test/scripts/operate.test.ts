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

  it("do not keep a copy whose dump is not what its manifest says", () => {
    const { status, stderr } = operate("backup", "--to", copies());
    expect(status).to.equal(1);
    expect(stderr).to.match(/error: .*dump.sql.gz is not what its manifest says\nremedy: /);
    expect(readdirSync(join(copies(), "backups/now-by-hand"))).to.not.include("manifest");
  });

  it("copy a backup to a directory, the manifest last", () => {
    const sha256 = createHash("sha256").update("dump").digest("hex");
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

  it("say when the machine refuses the copy", () => {
    machine.write("refused", "app.zip -$\n");
    const { status, stderr } = operate("backup", "--to", copies());
    expect(status).to.equal(1);
    expect(stderr).to.match(/error: app.zip of backups\/now-by-hand was not copied\nremedy: /);
  });
});
