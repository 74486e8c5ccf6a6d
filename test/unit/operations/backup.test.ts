import { expect } from "chai";
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fixture, type Fixture } from "./fixture.ts";

describe("./ops backup", () => {
  let stack: Fixture;
  beforeEach(() => {
    stack = fixture();
    stack.machine.s3();
    stack.machine.script("publish-status.sh", "log status");
    stack.machine.script("backup.sh", `log "backup $*"; echo backups/now-by-hand`);
    stack.machine.write("s3/backups/now-by-hand/dump.sql.gz", "dump");
    stack.machine.write("s3/backups/now-by-hand/app.zip", "app");
    stack.machine.write(
      "s3/backups/now-by-hand/manifest",
      "created x\nsha256 dump.sql.gz another\n",
    );
  });
  afterEach(() => stack.machine.remove());
  const sha256 = createHash("sha256").update("dump").digest("hex");
  const copies = () => join(stack.machine.home, "copies");

  it("makes a backup, prints its key and updates the site's status", () => {
    const { status, stdout } = stack.ops("backup");
    expect([status, stdout]).to.deep.equal([0, "backups/now-by-hand\n"]);
    expect(stack.machine.log).to.match(/\nbackup by-hand\nstatus\n$/);
  });

  it("rejects a copy whose dump does not match its manifest", () => {
    const { status, stderr } = stack.ops("backup", "--to", copies());
    expect(status).to.equal(1);
    expect(stderr).to.match(/error: .*dump.sql.gz is not what its manifest says\nremedy: /);
    expect(readdirSync(join(copies(), "backups/now-by-hand"))).to.not.include("manifest");
    stack.machine.write(
      "s3/backups/now-by-hand/manifest",
      `created x\nsha256 dump.sql.gz ${sha256}\n`,
    );
    const again = /remedy: try again: \.\/ops (.*)/.exec(stderr)![1]!;
    expect(stack.ops(...again.split(" ")).status).to.equal(0);
  });

  it("copies a backup to a directory, with the manifest last", () => {
    stack.machine.write(
      "s3/backups/now-by-hand/manifest",
      `created x\nsha256 dump.sql.gz ${sha256}\n`,
    );
    const { status, stdout, stderr } = stack.ops("backup", "--to", copies());
    expect(status, stderr).to.equal(0);
    expect(stdout).to.equal(`${copies()}/backups/now-by-hand\n`);
    expect(stack.machine.read("copies/backups/now-by-hand/app.zip")).to.equal("app");
    expect(readdirSync(join(copies(), "backups/now-by-hand"))).to.have.members([
      ...["app.zip", "dump.sql.gz", "manifest"],
    ]);
    expect(stack.machine.log).to.include("backup by-hand").and.include("status");
    expect(stack.machine.log).to.match(/app\.zip -\n.*dump\.sql\.gz -\n.*manifest -\n$/);
  });

  it("copies the app's files, and rejects others than the manifest names", () => {
    const manifest = "s3/backups/now-by-hand/manifest";
    stack.machine.write("s3/backups/now-by-hand/files.tar.gz", "files");
    const files = createHash("sha256").update("files").digest("hex");
    const dump = `created x\nsha256 dump.sql.gz ${sha256}\n`;
    stack.machine.write(manifest, `${dump}sha256 files.tar.gz ${sha256}\n`);
    expect(stack.ops("backup", "--to", copies()).stderr).to.match(
      /error: \S+\/files.tar.gz is not what its manifest says\n/,
    );
    stack.machine.write(manifest, `${dump}sha256 files.tar.gz ${files}\n`);
    expect(stack.ops("backup", "--to", copies()).status).to.equal(0);
    expect(stack.machine.read("copies/backups/now-by-hand/files.tar.gz")).to.equal("files");
  });

  it("reports a failed backup or copy, and the command to try again", () => {
    stack.machine.write("refused", "app.zip -$\n");
    const { status, stderr } = stack.ops("backup", "--stack=prod", "--to", copies());
    expect(status).to.equal(1);
    expect(stderr).to.include(
      `error: backups/now-by-hand/app.zip was not copied, see above\nremedy: try again: ./ops backup --to ${copies()} --stack prod\n`,
    );
    stack.machine.script("backup.sh", "exit 1");
    expect(stack.ops("backup", "--to", copies()).stderr).to.include(
      `error: no copy was made, see above\nremedy: try again: ./ops backup --to ${copies()}\n`,
    );
  });

  it("copies a backup even if the update of the site's status fails", () => {
    stack.machine.write(
      "s3/backups/now-by-hand/manifest",
      `created x\nsha256 dump.sql.gz ${sha256}\n`,
    );
    stack.machine.script("publish-status.sh", "exit 5");
    const { status, stderr } = stack.ops("backup", "--to", copies());
    expect(status, stderr).to.equal(0);
  });
});
