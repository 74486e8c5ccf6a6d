import { expect } from "chai";
import { restoreMachine, fit, key } from "../support/restore-machine.ts";

const dump = "CREATE TABLE `users` ();\n";
const rows = ["rows alembic_version 1", "rows users 3"];

describe("The room for a restore", () => {
  const { machine, answers, rds, store, run } = restoreMachine();

  const untouched = () => {
    expect(machine().log).to.not.match(/DROP|CREATE|RENAME|backup before/);
    expect(machine().exists("loaded")).to.equal(false);
    expect(machine().exists("root/last-restore-test")).to.equal(false);
  };

  for (const script of ["restore-test.sh", "restore.sh"]) {
    it(`is refused to ${script} when less than 2.5 times the data is free, before anything is created`, () => {
      store(dump, ["size 40000000", ...rows]);
      rds({ free: 99_999_999 });
      const { status, stdout, stderr } = run(script, key);
      expect({ status, stdout }).to.deep.equal({ status: 1, stdout: "" });
      expect(stderr).to.equal(
        `error: the volume of the database db has 99 MB free; to load s3://backups-1/${key}
       takes 100 MB, 2.5 times its data.
       The live schema is unchanged
remedy: remove what the database does not need, or give it more storage:
        pulumi config set databaseAllocatedStorage GIB && pulumi config set databaseApplyImmediately true && pulumi up
`,
      );
      untouched();
    });
  }

  it("is enough at 2.5 times the data", () => {
    store(dump, ["size 40000000", ...rows]);
    rds({ free: 100_000_000 });
    expect(run("restore-test.sh", key)).to.deep.equal({ status: 0, stdout: fit, stderr: "" });
    expect(machine().read("asked-rds")).to.match(
      /cloudwatch get-metric-statistics --namespace AWS\/RDS --metric-name FreeStorageSpace --dimensions Name=DBInstanceIdentifier,Value=db /,
    );
  });

  it("is five times the text of an older backup, which does not tell the size of its data", () => {
    rds({ free: 5 * dump.length });
    expect(run("restore-test.sh", key).status).to.equal(0);
    rds({ free: 5 * dump.length - 1 });
    expect(run("restore-test.sh", key).stderr).to.match(
      /^error: the volume of the database db has /,
    );
  });

  it("is not known without the metric: a restore test waits, and a restore goes on with a warning", () => {
    rds({ free: undefined });
    store(dump, ["size 40000000", ...rows]);
    const { status, stderr } = run("restore-test.sh", key);
    expect(status).to.equal(1);
    expect(stderr).to.match(
      /^error: the metric FreeStorageSpace of the database db is missing: it has no value of the last 15 minutes;\n +the restore test needs 100 MB on its volume\nremedy: wait for RDS /,
    );
    untouched();
    const restored = run("restore.sh", key);
    expect(restored.status).to.equal(0);
    expect(restored.stderr).to.equal(
      "warning: the metric FreeStorageSpace of the database db is missing, so nobody knows whether 100 MB are free: it has no value of the last 15 minutes\n",
    );
  });

  it("says what AWS answers when the metric cannot be read", () => {
    const aws = machine().read("fakes/aws").split("\n").slice(3).join("\n");
    machine().fake("aws", `if [ "$1" = cloudwatch ]; then echo AccessDenied; exit 254; fi\n${aws}`);
    expect(run("restore-test.sh", key).stderr).to.match(
      / of the database db is missing: AccessDenied;/,
    );
  });

  describe("while a backup is loaded", () => {
    /** Has the client of the load wait until it is ended, after it has done this. */
    const duringLoad = (program: string) => {
      machine().stack({ SPACE_INTERVAL: "0.1" });
      machine().write("after-load", `${program}\nexec sleep 20\n`);
    };
    const stops = (script: string) => {
      const { status, stdout, stderr } = run(script, key);
      expect({ status, stdout }).to.deep.equal({ status: 1, stdout: "" });
      expect(stderr).to.match(
        /^error: \S+ was not loaded to its end: less than 10 % of the volume of the database db is free\.\n +The live schema is unchanged\nremedy: remove what /m,
      );
      expect(machine().log).to.match(/\nDROP DATABASE IF EXISTS appdb_restore[^\n]*\n$/);
      expect(machine().log).to.not.match(/RENAME|backup before/);
      expect(machine().exists("root/last-restore-test")).to.equal(false);
    };

    for (const script of ["restore-test.sh", "restore.sh"]) {
      it(`stops ${script} when less than 10 % is left, and removes what is loaded`, () => {
        duringLoad(`echo 2147483647 >'${machine().home}/free'`);
        stops(script);
      });
    }

    it("does not wait for the metric to tell what is loaded", () => {
      rds({ free: 3_000_000_000 });
      answers()["*SUM(DATA_LENGTH*'appdb_restore'"] = "430000000";
      duringLoad("");
      stops("restore-test.sh");
    });

    it("goes on while 10 % is left", () => {
      rds({ free: 3_000_000_000 });
      answers()["*SUM(DATA_LENGTH*'appdb_restore'"] = "420000000";
      machine().stack({ SPACE_INTERVAL: "0.1" });
      machine().write("after-load", "sleep 0.5\n");
      expect(run("restore-test.sh", key)).to.deep.equal({ status: 0, stdout: fit, stderr: "" });
    });
  });
});
