import { expect } from "chai";
import { gzipSync } from "node:zlib";
import { listed, listOf, objects } from "../support/database-objects.ts";
import { restoreMachine, fit, key } from "../support/restore-machine.ts";

const tables = "CREATE TABLE `users` ();\n";
const begin = "-- flask-on-aws: views, triggers, functions, procedures and events\n";
const named = ["event nightly", "procedure tidy", "trigger seen", "view names"];
const lines = [
  "objects 5",
  ...named.map((name) => `object ${name}`),
  "rows alembic_version 1",
  "rows users 3",
];
/** Without the definers. */
const own = objects
  .replaceAll(/\/\*!50017 DEFINER=\S+\*\/ |\/\*!50117 DEFINER=\S+\*\/ |DEFINER=\S+ /g, "")
  .replaceAll(/^(?=\/\*!50001 CREATE)/gm, "");

describe("The restore of views, triggers, functions, procedures and events", () => {
  const { machine, answers, store, run } = restoreMachine();
  const drops = () => machine().log.match(/^(DROP (TRIGGER|VIEW|EVENT)|RENAME|backup|created)/gm);

  beforeEach(() => {
    store(tables + begin + objects, lines);
    answers()[listOf("appdb_restore")] = listed;
  });

  it("loads them after the rows, as objects of the app's user, with events that do not start", () => {
    expect(run("restore-test.sh", key)).to.deep.equal({
      status: 0,
      stdout: fit.replace("\n", ", 1 event, 1 procedure, 1 trigger, 1 view\n"),
      stderr: "",
    });
    const loaded = machine().read("loaded");
    expect(loaded).to.not.include("DEFINER=");
    expect(loaded).to.equal(tables + begin + own.replaceAll(/ENABLE DO/g, "DISABLE DO"));
    expect(loaded.match(/DISABLE DO/g)).to.have.length(2);
  });

  for (const name of named) {
    it(`fails when the ${name} does not come back`, () => {
      answers()[listOf("appdb_restore")] = listed
        .split("\n")
        .filter((line) => line !== name.replace(" ", "\t"))
        .join("\n");
      const { status, stderr } = run("restore-test.sh", key);
      expect(status).to.equal(1);
      expect(stderr)
        .to.match(/differs, loaded, from its manifest/)
        .and.include(`< object ${name}\n`);
      expect(machine().log).to.match(/\nDROP DATABASE IF EXISTS appdb_restore[^\n]*\n$/);
    });
  }

  it("does not miss an event that has ended since the backup", () => {
    answers()[listOf("appdb_restore")] = listed.replace("event once\tonce\n", "");
    expect(run("restore-test.sh", key).status).to.equal(0);
  });

  it("loads the views of an older backup, without the settings that belong to its tables", () => {
    const view =
      "-- Final view structure for view `names`\n/*!50001 VIEW `names` AS select 1 */;\n";
    store(`${tables}${view}/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;\n`, lines.slice(-2));
    answers()[listOf("appdb_restore")] = "view\tnames";
    const { stdout, stderr } = run("restore-test.sh", key);
    expect(stderr).to.equal("");
    expect(stdout).to.equal(fit.replace("\n", ", 1 view\n"));
    expect(machine().read("loaded")).to.equal(tables + view);
  });

  it("drops triggers and views before the exchange, and creates those of the backup after it", () => {
    answers()[listOf("appdb")] = "trigger\tlive\nview\tlives\nevent\thourly";
    machine().fake("mysqldump", "echo '-- of the live schema'");
    const { status, stderr } = run("restore.sh", key);
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: "" });
    expect(drops()).to.deep.equal([
      ...["backup", "DROP TRIGGER", "DROP TRIGGER", "RENAME", "DROP EVENT", "created"],
    ]);
    expect(machine().read("created")).to.equal(begin + own);
  });

  it("puts the live ones back when the tables cannot be exchanged", () => {
    answers()[listOf("appdb")] = "trigger\tlive";
    machine().fake("mysqldump", "echo 'CREATE DEFINER=`dbadmin`@`%` TRIGGER `live`'");
    delete answers()["RENAME TABLE*"];
    const { status, stderr } = run("restore.sh", key);
    expect(status).to.equal(1);
    expect(stderr).to.match(
      /^error: the tables were not exchanged; the live tables are unchanged$/m,
    );
    expect(machine().read("created")).to.equal("CREATE TRIGGER `live`\n");
  });

  it("says how to complete or undo a restore whose objects cannot be created", () => {
    machine().write("refused-objects", "");
    const { status, stderr } = run("restore.sh", key);
    expect(status).to.equal(1);
    expect(stderr).to.match(
      /^error: the tables of \S+ are live, but not all of its views, .*\nremedy: run the same command again; or restore what was live: \.\/ops restore backups\/now-before-restore\n {2}\| ERROR 1419$/m,
    );
  });

  for (const [theirs, fits] of [
    ["8.4.99", true],
    ["8.0.40", true],
    ["9.1.0", false],
    ["10.0.1", false],
  ] as const) {
    it(`${fits ? "accepts" : "refuses"} a backup of MySQL ${theirs} for MySQL 8.4.7`, () => {
      store(tables + begin + objects, [`server ${theirs}`, ...lines]);
      const { status, stderr } = run("restore-test.sh", key);
      expect(status, stderr).to.equal(fits ? 0 : 1);
      if (fits) return;
      const series = theirs.replace(/\.\d+$/, "");
      expect(stderr).to.include(
        `is from MySQL ${series}, and db.example is MySQL 8.4, which is older;`,
      );
      expect(machine().exists("loaded")).to.equal(false);
    });
  }

  it("refuses a truncated dump, and removes what is loaded", () => {
    store(tables + begin + objects, ["size 16384", ...lines]);
    const whole = gzipSync(tables + begin + objects);
    machine().write(`s3/${key}/dump.sql.gz`, whole.subarray(0, whole.length - 20));
    const { status, stderr } = run("restore-test.sh", key);
    expect(status).to.equal(1);
    expect(stderr)
      .to.match(/has a dump that cannot be loaded/)
      .and.include("unexpected end of file");
    expect(machine().log).to.match(/\nDROP DATABASE IF EXISTS appdb_restore[^\n]*\n$/);
  });
});
