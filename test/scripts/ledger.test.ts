import { expect } from "chai";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { Machine } from "./machine.ts";

/** A line of the ledger. */
const entry = (number: number, image: string, revision = "a1", backup = "-") =>
  `${String(number).padStart(6, "0")}\t2026-01-0${number % 10}T00:00:00Z\tcommit-of-${image}\t${image}\tid\t${revision}\t${backup}\tann\tswitch=1.0\n`;

describe("The ledger", () => {
  let machine: Machine;
  beforeEach(() => {
    machine = new Machine();
    machine.stack();
    machine.s3();
    machine.mysql({ "SHOW?TABLES?LIKE*": "alembic_version", "SELECT?version_num*": "a1" });
    machine.fake(
      "docker",
      `case "$*" in
      *revision*app:*) echo "commit-of-\${*: -1}" ;;
      *.Id*app:*) echo sha256:beef ;;
      "inspect --format {{.Config.Image}} serving") cat '${machine.home}/serves' ;;
      "image inspect app:gone") exit 1 ;;
      esac`,
    );
  });
  afterEach(() => machine.remove());

  const has = (...entries: string[]) => {
    for (const line of entries) machine.write(`root/ledger/${line.slice(0, 6)}`, line);
  };
  const list = () => machine.run("ledger.sh");
  const add = (image: string, env = {}) =>
    machine.run("ledger.sh", ["add", image, "preflight=1.0 switch=2.5"], "", env);

  it("is empty at first", () => {
    expect(list()).to.deep.equal({ status: 0, stdout: "", stderr: "" });
  });

  it("says of a release what it was made of, when, by whom, and how long it took", () => {
    machine.write("root/last-backup", "backups/9\n");
    expect(add("app:1", { LEASE_OWNER: "ann@desk" }).stderr).to.equal("");
    const { stdout } = list();
    expect(stdout).to.match(
      /^000001\t\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\tcommit-of-app:1\tapp:1\tbeef\ta1\tbackups\/9\tann@desk\tpreflight=1\.0 switch=2\.5\n$/,
    );
    expect(machine.read("s3/ledger/000001")).to.equal(stdout);
  });

  it("has a dash for a release without a backup", () => {
    add("app:1");
    expect(list().stdout.split("\t")[6]).to.equal("-");
  });

  it("goes on counting, in tens, and lists the oldest first", () => {
    // 000008 and 000009 are no octal numbers.
    has(entry(8, "app:8"), entry(9, "app:9"));
    add("app:10");
    add("app:11");
    expect(list().stdout.match(/^\d+/gm)).to.deep.equal(["000008", "000009", "000010", "000011"]);
    expect(machine.read("root/ledger/000008")).to.equal(entry(8, "app:8"));
  });

  it("comes from the bucket on a machine that has replaced another one", () => {
    machine.write("s3/ledger/000007", entry(7, "app:7"));
    add("app:8");
    expect(list().stdout.match(/^\d+/gm)).to.deep.equal(["000007", "000008"]);
  });

  it("that is not readable in the bucket is not begun again", () => {
    machine.write("s3/ledger/000007", entry(7, "app:7"));
    machine.write("refused", "sync\n");
    expect(add("app:8").status).to.equal(1);
    expect(machine.exists("root/ledger/000001")).to.equal(false);
  });

  it("that has come only in part is not taken for the whole", () => {
    machine.write("s3/ledger/000006", entry(6, "app:6"));
    machine.write("s3/ledger/000007", entry(7, "app:7"));
    machine.fake(
      "aws",
      `mkdir -p "\${*: -1}"; cp '${machine.home}/s3/ledger/000006' "\${*: -1}"; exit 1`,
    );
    expect(list()).to.deep.include({ status: 1, stdout: "" });
    machine.s3();
    add("app:8");
    expect(list().stdout.match(/^\d+/gm)).to.deep.equal(["000006", "000007", "000008"]);
    expect(machine.read("s3/ledger/000007")).to.equal(entry(7, "app:7"));
  });

  it("says that the bucket did not take the record, which the next one brings there", () => {
    has(entry(1, "app:1"));
    machine.write("refused", "sync\n");
    const { status, stderr } = add("app:2");
    expect(status).to.equal(1);
    expect(stderr).to.match(
      /^error: the release is made and serves, but its record was not written to s3:\S+\/ledger$/m,
    );
    machine.write("refused", "nothing\n");
    add("app:3");
    expect(machine.read("s3/ledger/000002")).to.include("app:2");
  });

  it("does not mind what a run that was cut off has left", () => {
    has(entry(1, "app:1"));
    machine.write("root/ledger/000002.new", "00000");
    machine.write("root/ledger.new", "00000");
    expect(add("app:2").stderr).to.equal("");
    expect(list().stdout.match(/^.*/gm)!.filter(Boolean)).to.have.length(2);
    expect(list().stdout).to.include("000002\t").and.include("\tapp:2\t");
  });

  describe("and a rollback", () => {
    beforeEach(() => {
      for (const name of ["switch.sh", "verify.sh", "publish-status.sh"])
        machine.script(name, `log "${name} $*"`);
      machine.fake("docker-compose", `[ "\${*: -3}" = "ps --quiet green" ] && echo serving`);
      machine.write("root/nginx/app.conf", "    set $app green:5005;\n");
      machine.write("root/release.env", "ROOT=/x\nNGINX_IMAGE=nginx:stable\nBLUE_IMAGE=app:1\n");
      machine.write("serves", "app:3\n");
    });
    const rollback = () => machine.run("rollback.sh");

    it("goes to the last release of another image, and records it", () => {
      has(
        entry(1, "app:1"),
        entry(2, "app:2", "a1", "backups/2"),
        entry(3, "app:3"),
        entry(4, "app:3"),
      );
      machine.write("root/last-backup", "backups/2\n");
      const { status, stdout, stderr } = rollback();
      expect(stderr).to.equal("");
      expect(status).to.equal(0);
      expect(machine.log).to.match(/^switch\.sh app:2 nginx:stable\nverify\.sh \n/);
      expect(stdout)
        .to.include("release 000002 serves again")
        .and.include("set appCommit to commit-of-app:2");
      expect(list().stdout).to.match(
        /^000005\t\S+\tcommit-of-app:2\tapp:2\tbeef\ta1\t-\t\S+\trollback$/m,
      );
    });

    it("goes further back the second time, not forth", () => {
      const back = entry(4, "app:2").replace(/[^\t]+$/, "rollback\n");
      has(entry(1, "app:1"), entry(2, "app:2"), entry(3, "app:3"), back);
      machine.write("serves", "app:2\n");
      expect(rollback().stdout).to.include("release 000001 serves again");
    });

    for (const [entries, why] of [
      [[], "there is none"],
      [[entry(1, "app:3")], "there is no other image"],
    ] as const) {
      it(`says so when ${why}`, () => {
        has(...entries);
        const { status, stderr } = rollback();
        expect(status).to.equal(1);
        expect(stderr).to.include("error: the ledger knows no release before app:3\nremedy: ");
      });
    }

    it("says so when nothing is deployed", () => {
      rmSync(join(machine.root, "nginx/app.conf"));
      const { status, stderr } = rollback();
      expect(status).to.equal(1);
      expect(stderr).to.match(/^error: nothing serves, .*\nremedy: /);
    });

    it("says which commit to build again when the image is gone", () => {
      has(entry(1, "app:gone"), entry(2, "app:3"));
      const { status, stderr } = rollback();
      expect(status).to.equal(1);
      expect(stderr).to.include(
        "error: the image of release 000001 is not on the machine: app:gone\n",
      );
      expect(stderr).to.include("remedy: set appCommit to commit-of-app:gone:");
      expect(machine.log).to.not.include("switch");
    });

    for (const [backup, offered] of [
      ["backups/3", /npm run restore -- backups\/3$/m],
      ["-", /npm run restore -- KEY \(of npm run backups\)$/m],
    ] as const) {
      it(`is refused when the schema has moved on, and offers the backup ${backup}`, () => {
        // Many later releases: what looks for the backup must not stop whom it reads from.
        const later = Array.from({ length: 30 }, (_, i) =>
          entry(4 + i, "app:3", "a1", backup).replace("ann", "ann".repeat(500)),
        );
        has(
          entry(1, "app:1", "00", "backups/1"),
          entry(2, "app:2", "00"),
          entry(3, "app:3", "a1", backup),
          ...later,
        );
        const { status, stderr } = rollback();
        expect(status).to.equal(1);
        expect(stderr).to.include(
          "error: release 000002 knows the schema up to revision 00, but it is at a1\n",
        );
        expect(stderr).to.match(offered);
        expect(machine.log).to.not.include("switch");
      });
    }

    it("that fails is not recorded", () => {
      has(entry(1, "app:1"), entry(2, "app:3"));
      machine.script("switch.sh", "exit 1");
      expect(rollback().status).to.equal(1);
      expect(machine.exists("root/ledger/000003")).to.equal(false);
    });
  });
});
