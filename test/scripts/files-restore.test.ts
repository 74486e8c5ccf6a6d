import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { filesMachine, key, old } from "../support/files-machine.ts";

const now = { a: "newer", b: "new", "thumbs/y": "new y" };

describe("The app's files in a restore", () => {
  const { machine, files, succeeds, fails, holds, held, beside, backedUp } = filesMachine();
  const unfit = (error: RegExp, command: string) => {
    const stderr = fails(error, command, key);
    expect(stderr).to.match(
      /;\n {7}no file was changed\nremedy: choose another backup: \.\/ops backups\n/,
    );
    expect(held()).to.deep.equal(now);
  };
  beforeEach(() => {
    holds(old);
    backedUp();
    holds(now);
  });

  it("take the place of the live ones, in the directory that containers have mounted", () => {
    const inode = () => execFileSync("stat", ["--format=%i", join(machine().root, "files")]);
    const before = inode().toString();
    expect(succeeds("unpack", key)).to.equal("");
    expect(held(), "before the exchange").to.deep.equal(now);
    expect(succeeds("exchange")).to.equal("the app's files are those of the backup\n");
    expect(held()).to.deep.equal(old);
    expect(inode().toString()).to.equal(before);
    expect(beside()).to.deep.equal([]);
  });

  it("leave the live ones as they are when the backup has none", () => {
    succeeds("unpack", key);
    machine().write(`s3/${key}/manifest`, "reason before-b2\n");
    expect(succeeds("unpack", key)).to.equal(
      `${key} has no files of the app, so the live files stay as they are\n`,
    );
    expect(succeeds("exchange")).to.equal("");
    expect(succeeds("check", key)).to.equal("");
    expect(held()).to.deep.equal(now);
  });

  it("leave the live ones as they are without the setting", () => {
    machine().stack();
    expect(succeeds("unpack", key)).to.equal(
      `the setting appFiles is empty, so the 3 files of ${key} are not restored\n`,
    );
    expect(succeeds("exchange")).to.equal("");
    expect(held()).to.deep.equal(now);
  });

  it("get the owner of the live directory, unless that is root", () => {
    machine().fake("find", 'echo "$1"');
    machine().fake("stat", "echo 4999:4998");
    succeeds("unpack", key);
    expect(machine().log).to.match(/^chown --recursive --no-dereference 4999:4998 \S+files\.new$/m);
    machine().write("log", "");
    machine().fake("stat", "echo 0:0");
    succeeds("unpack", key);
    expect(machine().log).to.not.include("chown");
  });

  it("are refused with the numbers when they do not fit beside the live ones", () => {
    const manifest = `s3/${key}/manifest`;
    machine().write(
      manifest,
      machine()
        .read(manifest)
        .replace(/^files 3 \d+$/m, "files 3 2000"),
    );
    machine().fake("df", "printf 'Avail\\n 2511\\n'");
    fails(
      /^error: \S+ has 2511 MB free at \S+; a restore of 3 files needs 2512 MB\.\n {7}The app.s files take 1 MB\n/,
      "unpack",
      key,
    );
    expect(beside()).to.deep.equal([]);
    machine().fake("df", "printf 'Avail\\n 2512\\n'");
    succeeds("unpack", key);
  });

  for (const command of ["check", "unpack"]) {
    it(`are refused when the archive is not what the manifest says: ${command}`, () => {
      const manifest = `s3/${key}/manifest`;
      const right = machine().read(manifest);
      machine().write(manifest, right.replace(/^files 3 /m, "files 4 "));
      unfit(/^error: s3:\S+\/files.tar.gz has 3 files, and its manifest says 4;/, command);
      machine().write(manifest, right.replace(/(?<=gz )./, "g"));
      unfit(/^error: s3:\S+\/files.tar.gz has another SHA-256 than its manifest says;/, command);
      machine().write(manifest, right);
      const archive = `s3/${key}/files.tar.gz`;
      const whole = readFileSync(join(machine().home, archive));
      machine().write(archive, whole.subarray(0, 100));
      unfit(/^error: s3:\S+\/files.tar.gz cannot be unpacked;/, command);
      machine().write(archive, whole);
      machine().write("refused", "manifest -$\n");
      unfit(/^error: s3:\S+\/manifest cannot be read;/, command);
      machine().write("refused", "nothing\n");
      succeeds(command, key);
    });
  }

  /** Has the call of a command with this number end after the first of the files, or before it. */
  const cutOff = (command: string, call: number, partly: boolean) =>
    machine().fake(
      command,
      `calls='${machine().home}/calls'; echo >>"$calls"
        if [ "$(wc -l <"$calls")" != ${call} ]; then exec ${command === "mv" ? "/bin/mv" : "/bin/rm"} "$@"; fi
        if ${partly}; then /bin/mv "\${@:1:3}"; fi
        exit 9`,
    );
  for (const [what, command, call, partly] of [
    ["before it begins to move the live files out", "mv", 2, false],
    ["when it has moved one of the live files out", "mv", 2, true],
    ["when it has moved all of them out", "mv", 3, false],
    ["before it begins to move the new ones in", "mv", 4, false],
    ["when it has moved one of the new ones in", "mv", 4, true],
    ["before it removes the replaced ones", "rm", 1, false],
  ] as const) {
    it(`are all in their place after the next run when an exchange is cut off ${what}`, () => {
      succeeds("unpack", key);
      cutOff(command, call, partly);
      const stderr = fails(/^error: the files are not all in their place\nremedy: /, "exchange");
      expect(machine().read("calls").length).to.be.at.least(call);
      rmSync(join(machine().home, "fakes", command));
      const [, remedy] = /: \.\/ops ssh -- \S+\/deploy-lock\.sh (.*)\n/.exec(stderr)!;
      expect(remedy).to.equal("files.sh finish");
      if (partly) succeeds("finish");
      else succeeds("store", "backups/next");
      expect(held()).to.deep.equal(old);
      expect(beside()).to.deep.equal([]);
    });
  }

  it("stay the live ones when it is cut off before the exchange, and the next restore begins anew", () => {
    succeeds("unpack", key);
    machine().write("root/files.new/stale", "");
    cutOff("mv", 1, false);
    expect(files("exchange").status).to.equal(9);
    rmSync(join(machine().home, "fakes/mv"));
    expect(held()).to.deep.equal(now);
    succeeds("finish");
    expect(held()).to.deep.equal(now);
    succeeds("unpack", key);
    succeeds("exchange");
    expect(held()).to.deep.equal(old);
  });

  it("replace all live ones, even if the removal of earlier replaced ones was cut off", () => {
    machine().write("root/files.replaced/c", "older");
    succeeds("unpack", key);
    succeeds("exchange");
    expect(held()).to.deep.equal(old);
    expect(beside()).to.deep.equal([]);
  });

  it("keep what the app writes during the exchange, under another name", () => {
    succeeds("unpack", key);
    const live = join(machine().root, "files");
    machine().fake(
      "mv",
      `/bin/mv "$@"
        if [[ $* == *files.replaced ]]; then mkdir '${live}/thumbs'; echo late >'${live}/thumbs/z'; fi`,
    );
    succeeds("exchange");
    expect(held()).to.deep.equal({ ...old, "thumbs.~1~/z": "late\n" });
  });
});
