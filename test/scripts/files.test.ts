import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { filesMachine, key, old } from "../support/files-machine.ts";

describe("The app's files", () => {
  const { machine, succeeds, fails, holds, held, backedUp } = filesMachine();

  describe("in a backup", () => {
    it("are an archive with its digest, and the number and megabytes of the files", () => {
      holds({ ...old, large: randomBytes(3_000_000) });
      const digest = (lines: string) => /^sha256 files.tar.gz (\w+)\nfiles 4 [34]\n$/.exec(lines);
      const [, expected] = digest(backedUp())!;
      const archive = readFileSync(join(machine().home, `s3/${key}/files.tar.gz`));
      expect(createHash("sha256").update(archive).digest("hex")).to.equal(expected);
      expect(succeeds("check", key)).to.equal("4\n");
    });

    it("may be none, and are left out where there is no directory or no setting", () => {
      expect(succeeds("store", key)).to.equal("");
      holds({});
      expect(backedUp()).to.match(/\nfiles 0 \d\n$/);
      expect(succeeds("check", key)).to.equal("0\n");
      machine().stack();
      expect(succeeds("store", key)).to.equal("");
    });

    it("may change while they are read, but must be readable", () => {
      holds(old);
      const ends = (status: number) =>
        machine().fake(
          "tar",
          `command -p tar "$@"; if [ "$1" = --create ]; then echo "tar: x" >&2; exit ${status}; fi`,
        );
      ends(1);
      expect(backedUp()).to.match(/\nfiles 3 \d\n$/);
      ends(2);
      fails(
        /^error: s3:\S+\/files.tar.gz was not written[^]*\nremedy: .*\n {2}\| tar: x\n$/,
        "store",
        key,
      );
      rmSync(join(machine().home, "fakes/tar"));
      backedUp();
    });

    it("are refused when the bucket refuses them, or returns others", () => {
      holds(old);
      machine().write("refused", "put-object .*/files.tar.gz\n");
      fails(/^error: s3:\S+\/files.tar.gz was not written[^]*\| AccessDenied\n/, "store", key);
      machine().write("refused", "nothing\n");
      machine().fake("cat", `command -p cat "$@"; if [[ $* == *.tar.gz ]]; then echo more; fi`);
      fails(/^error: s3:\S+\/files.tar.gz, read back, is not what was written\n/, "store", key);
      rmSync(join(machine().home, "fakes/cat"));
      // Another backup has another key.
      rmSync(join(machine().home, "s3", key), { recursive: true });
      backedUp();
    });
  });

  describe("before a container starts", () => {
    it("need nothing without the setting", () => {
      machine().stack();
      expect(succeeds("prepare", "app:1")).to.equal("");
      expect(machine().log).to.equal("");
    });

    it("begin as the image has them, once", () => {
      machine().write("image/sample", "of the image");
      expect(succeeds("prepare", "app:1")).to.equal("");
      expect(held()).to.deep.equal({ sample: "of the image" });
      expect(machine().log).to.match(
        /^docker create --name flask-on-aws-files app:1\n.*\ndocker rm flask-on-aws-files$/m,
      );
      machine().write("image/sample", "of another image");
      rmSync(join(machine().root, "files/sample"));
      succeeds("prepare", "app:2");
      expect(held()).to.deep.equal({});
    });

    it("begin as an empty directory when the image has none, and fail when it cannot be copied", () => {
      succeeds("prepare", "app:1");
      expect(held()).to.deep.equal({});
      rmSync(join(machine().root, "files"), { recursive: true });
      machine().write("image/sample", "");
      machine().fake(
        "cp",
        `if [[ $* == *image/.* ]]; then echo no space left >&2; exit 1; fi; exec /bin/cp "$@"`,
      );
      fails(
        /^error: \/app\/uploads of the image cannot be copied to \S+\nremedy: .*\n {2}\| no space left\n$/,
        ...["prepare", "app:1"],
      );
      rmSync(join(machine().home, "fakes/cp"));
      succeeds("prepare", "app:1");
      expect(held()).to.deep.equal({ sample: "" });
    });

    it("are those of the newest backup that has some, on a machine that has none", () => {
      machine().write("image/sample", "");
      holds(old);
      backedUp();
      machine().write("s3/backups/20260103T030405Z-before-b2/manifest", "reason before-b2\n");
      machine().write(
        "s3/backups/20260104T030405Z-before-restore/manifest",
        "reason before-restore\nfiles 9 9\n",
      );
      rmSync(join(machine().root, "files"), { recursive: true });
      expect(succeeds("prepare", "app:1")).to.equal(
        `the files are those of ${key}, of 2026-01-02T03:04:05Z\n`,
      );
      expect(held()).to.deep.equal(old);
      expect(succeeds("prepare", "app:1")).to.equal("");
    });

    it("can begin without those of a backup that cannot be read", () => {
      holds(old);
      backedUp();
      rmSync(join(machine().root, "files"), { recursive: true });
      machine().write("refused", "files.tar.gz -$\n");
      const stderr = fails(/cannot be unpacked;[^]*\nremedy: restore access/, "prepare", "app:1");
      expect(machine().exists("root/files")).to.equal(false);
      const [, command = ""] = /or begin without files: \.\/ops ssh -- (.*)\n/.exec(stderr)!;
      execFileSync("bash", ["-c", command]);
      succeeds("prepare", "app:1");
      expect(held()).to.deep.equal({});
    });

    it("are given to the user of the image, unless they are its own or it is root", () => {
      holds(old);
      // All files are those of user 4998.
      machine().fake("find", `[[ $* == *" ! -uid 4998 "* ]] || echo "$1"`);
      for (const user of ["4998:4998", "0:0"]) {
        machine().write("user", `${user}\n`);
        succeeds("prepare", "app:1");
        expect(machine().log, user).to.not.include("chown");
      }
      machine().write("user", "a warning of Docker\n4999:4998\n");
      succeeds("prepare", "app:1");
      expect(machine().log).to.match(/^chown --recursive --no-dereference 4999:4998 \S+\/files$/m);
      expect(machine().log).to.match(
        /^docker run --rm .*--network none --entrypoint python app:1 -c /m,
      );
    });

    it("are refused for an image without such a user", () => {
      holds(old);
      rmSync(join(machine().home, "user"));
      fails(
        /^error: the user that the image runs as cannot be found out\nremedy: [^]*\n {2}\| .*No such file/,
        ...["prepare", "app:1"],
      );
    });

    it("are refused where they would hide the app", () => {
      for (const place of ["/app/uploads", "/app/uploads/", "/app/uploads/web"]) {
        const { status, stderr } = machine().run("files.sh", ["prepare", "app:1"], "", {
          WORKS_IN: place,
        });
        expect(status).to.equal(1);
        expect(stderr).to.match(
          /^error: appFiles is \/app\/uploads, which would hide the app: its image works in \/app\/uploads\S*\nremedy: .*: pulumi config set appFiles \/app\/uploads(\/web)?\/uploads\n$/,
        );
      }
      const { status } = machine().run("files.sh", ["prepare", "app:1"], "", {
        WORKS_IN: "/app/uploads2",
      });
      expect(status).to.equal(0);
    });
  });
});
