import { expect } from "chai";
import { restoreMachine, key } from "../support/restore-machine.ts";

const released = "pulumi config set appCommit commit-of-app:2 && pulumi up";

describe("The restore of another environment's backup", () => {
  const { machine, answers, has, run } = restoreMachine();
  /** Makes the backup one that another environment made while this commit served. */
  const importOf = (commit: string, reason = "imported") => {
    const manifest = machine().read(`s3/${key}/manifest`);
    const text = manifest.replace("reason nightly", `reason ${reason}\ncommit ${commit}`);
    machine().write(`s3/${key}/manifest`, text);
  };
  beforeEach(() => {
    // As in a new environment, whose migrations have other revisions.
    answers()["SELECT version_num FROM alembic_version"] = "c3";
    has("app:2\tid\tc3");
  });

  it("accepts the schema that the same commit had there, and has the next `pulumi up` record it", () => {
    importOf("commit-of-app:2");
    machine().run("serving.sh", ["record", "app:2", "release"]);
    const since = machine().run("serving.sh", ["get", "since"]).stdout.trim();
    const { status, stdout, stderr } = run("restore.sh", key);
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: "" });
    expect(stdout.slice(stdout.indexOf("Commit "))).to.equal(
      "Commit commit-of-app:2 serves.\n" +
        "the schema is at revision b2, as the other environment left it, and was at c3.\n" +
        "Record it as a release of this environment, so that later restores know it:\n" +
        `  ${released}\n`,
    );
    expect(machine().log).to.match(/backup before-restore\n(.*\n)*RENAME TABLE/);
    expect(JSON.parse(machine().read("s3/serving.json"))).to.include({ since, before: since });
    expect(machine().exists("root/migrations")).to.equal(false);
  });

  it("refuses a schema that neither a release nor the commit that serves has, and its remedy restores it", () => {
    importOf("c0ffee9");
    const { status, stderr } = run("restore.sh", key);
    expect(stderr).to.equal(
      `error: ${key} is at revision b2 of the schema,\n` +
        "       which no release of this environment has served; the live schema is at c3 and unchanged\n" +
        "remedy: release the commit that served with it, then restore the copy that is here now:\n" +
        `        pulumi config set appCommit c0ffee9 && pulumi up && ./ops restore ${key}\n`,
    );
    expect(status).to.equal(1);
    expect(machine().log).to.not.match(/RENAME|backup before/);
    machine().fake(
      "docker",
      `case "$*" in *revision*) echo c0ffee9 ;; *.Config.Image*) echo app:9 ;; esac`,
    );
    expect(run("restore.sh", key).stdout).to.include(`restored: ${key}.`);
  });

  it("refuses one whose commit nobody knows, as it refuses a backup of its own", () => {
    for (const [commit, reason] of [
      ["-", "imported"],
      ["commit-of-app:2", "nightly"],
    ] as const) {
      machine().write(
        `s3/${key}/manifest`,
        machine()
          .read(`s3/${key}/manifest`)
          .replace(/^reason.*\n(commit.*\n)?/m, "reason nightly\n"),
      );
      importOf(commit, reason);
      expect(run("restore.sh", key).stderr, reason).to.match(
        /which no release .*\nremedy: choose another one: \.\/ops backups\n$/,
      );
    }
    expect(machine().log).to.not.match(/RENAME|backup before/);
  });
});
