import { expect } from "chai";
import { FakeMachine } from "../support/machine.ts";

/** A line of the history. */
const entry = (number: number, image: string) =>
  `${String(number).padStart(6, "0")}\t2026-01-0${number % 10}T00:00:00Z\tcommit-of-${image}\t${image}\tid\ta1\t-\tann\tcut-over=1.0\n`;

describe("The release history", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack();
    machine.s3();
    machine.mysql({ "SHOW?TABLES?LIKE*": "alembic_version", "SELECT?version_num*": "a1" });
    machine.fake(
      "docker",
      `case "$*" in
      *revision*app:*) echo "commit-of-\${*: -1}" ;;
      *.Id*app:*) echo sha256:beef ;;
      esac`,
    );
  });
  afterEach(() => machine.remove());

  const has = (...entries: string[]) => {
    for (const line of entries) machine.write(`root/ledger/${line.slice(0, 6)}`, line);
  };
  const list = () => machine.run("release-history.sh");
  const add = (image: string, env = {}) =>
    machine.run("release-history.sh", ["add", image, "preflight=1.0 cut-over=2.5"], "", env);

  it("is empty before the first release", () => {
    expect(list()).to.deep.equal({ status: 0, stdout: "", stderr: "" });
  });

  it("records the time, commit, image, revision, backup, user and durations of a release", () => {
    machine.write("root/last-backup", "backups/9\n");
    expect(add("app:1", { LEASE_OWNER: "ann@desk" }).stderr).to.equal("");
    const { stdout } = list();
    expect(stdout).to.match(
      /^000001\t\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\tcommit-of-app:1\tapp:1\tbeef\ta1\tbackups\/9\tann@desk\tpreflight=1\.0 cut-over=2\.5\n$/,
    );
    expect(machine.read("s3/ledger/000001")).to.equal(stdout);
  });

  it("has a dash for a release without a backup, and for a schema without a revision", () => {
    add("app:1");
    expect(list().stdout.split("\t").slice(5, 7)).to.deep.equal(["a1", "-"]);
    machine.mysql({ "SHOW?TABLES?LIKE*": "" });
    add("app:2");
    expect(list().stdout.split("\n")[1]!.split("\t")[5]).to.equal("-");
  });

  it("continues the numbers in decimal and lists the oldest release first", () => {
    // bash reads numbers with a leading 0 as octal, and 8 and 9 are no octal digits.
    has(entry(8, "app:8"), entry(9, "app:9"));
    add("app:10");
    add("app:11");
    expect(list().stdout.match(/^\d+/gm)).to.deep.equal(["000008", "000009", "000010", "000011"]);
    expect(machine.read("root/ledger/000008")).to.equal(entry(8, "app:8"));
  });

  it("is written to the bucket once", () => {
    add("app:1");
    add("app:2");
    expect(
      machine.log.match(/put-object .*/g)!.map((call) => call.split("/").at(-1)),
    ).to.deep.equal(["000001", "000002"]);
  });

  it("is read from the bucket on a replacement app server", () => {
    machine.write("s3/ledger/000007", entry(7, "app:7"));
    add("app:8");
    expect(list().stdout.match(/^\d+/gm)).to.deep.equal(["000007", "000008"]);
  });

  it("does not start anew when the bucket cannot be read", () => {
    machine.write("s3/ledger/000007", entry(7, "app:7"));
    machine.write("refused", "sync\n");
    const { status, stderr } = add("app:8");
    expect(status).to.equal(1);
    expect(stderr).to.match(
      /^error: the history of releases cannot be read from s3:\S+\/ledger\nremedy: .*\n {2}\| AccessDenied\n$/,
    );
    expect(machine.exists("root/ledger/000001")).to.equal(false);
    machine.write("refused", "nothing\n");
    expect(add("app:8").status, "the same command again").to.equal(0);
    expect(machine.read("s3/ledger/000008")).to.include("app:8");
  });

  it("fails after an incomplete download, and is downloaded again by the next release", () => {
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

  it("reports an entry that was not uploaded, and uploads it with the next one", () => {
    has(entry(1, "app:1"));
    machine.write("refused", "put-object\n");
    const { status, stderr } = add("app:2");
    expect(status).to.equal(1);
    expect(stderr).to.match(
      /^error: the release is recorded on this machine, but not in s3:\S+\/ledger\nremedy: .*next release.*\n {2}\| AccessDenied\n$/,
    );
    machine.write("refused", "nothing\n");
    add("app:3");
    expect(machine.read("s3/ledger/000002")).to.include("app:2");
  });

  it("ignores the files that an interrupted run has left", () => {
    has(entry(1, "app:1"));
    machine.write("root/ledger/000002.new", "00000");
    machine.write("root/ledger.new", "00000");
    expect(add("app:2").stderr).to.equal("");
    expect(list().stdout.match(/^.*/gm)!.filter(Boolean)).to.have.length(2);
    expect(list().stdout).to.include("000002\t").and.include("\tapp:2\t");
  });
});
