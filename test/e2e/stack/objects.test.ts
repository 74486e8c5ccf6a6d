/** Views, triggers, routines and events survive backup, restore and rotation; a restore needs room on the volume. */
import { expect } from "chai";
import { setTimeout as sleep } from "node:timers/promises";
import { asMaster } from "../../../lab/experiments/faults/database.ts";
import { succeed } from "../../../lab/support/lab.ts";
import { useSharedStack } from "../../support/shared-stack.ts";

const creators = ["by_master", "by_app"];
const kinds = ["view", "trigger", "procedure", "function", "event"];
const statements = (schema: string, who: string) => [
  `CREATE VIEW ${schema}.${who}_view AS SELECT COUNT(*) AS n FROM ${schema}.users`,
  `CREATE TRIGGER ${schema}.${who}_trigger BEFORE INSERT ON ${schema}.users FOR EACH ROW SET @${who} = 1`,
  `CREATE PROCEDURE ${schema}.${who}_procedure() SELECT COUNT(*) FROM ${schema}.users`,
  `CREATE FUNCTION ${schema}.${who}_function() RETURNS INT DETERMINISTIC RETURN 7`,
  `CREATE EVENT ${schema}.${who}_event ON SCHEDULE EVERY 1 DAY DO SET @x = 1`,
];

describe("The database's views, triggers, routines and events", function () {
  this.timeout(10 * 60_000);
  const shared = useSharedStack();
  const { lab } = shared;
  const query = (sql: string) => shared.stack.query(sql);
  const inDatabase = (...command: string[]) =>
    succeed("docker", ["exec", `${lab.name}-${shared.stack.databaseId}`, ...command]);
  const asRoot = (sql: string) =>
    inDatabase(
      ...["mysql", "--no-defaults", "--socket=/run/mysqld/mysqld.sock", "--user=rdsadmin"],
      ...["--batch", "--skip-column-names", "--execute", sql],
    );
  const drop = () =>
    asRoot(
      creators
        .flatMap((who) => kinds.map((kind) => [kind, `${who}_${kind}`]))
        .map(([kind, name]) => `DROP ${kind} IF EXISTS ${shared.outputs.databaseName}.${name};`)
        .join(" "),
    );
  /** Uses each of them as the app's user. */
  const work = async () => {
    const [count] = await query("SELECT COUNT(*) FROM users");
    for (const who of creators) {
      expect(await query(`SELECT n FROM ${who}_view`), who).to.deep.equal([count]);
      expect(await query(`CALL ${who}_procedure()`), who).to.deep.equal([count]);
      expect(await query(`SELECT ${who}_function()`), who).to.deep.equal(["7"]);
      const insert = "INSERT INTO users (username) VALUES ('of a trigger')";
      const remove = "DELETE FROM users WHERE username = 'of a trigger'";
      expect(await query(`${insert}; SELECT @${who}; ${remove}`), who).to.deep.equal(["1"]);
    }
    const events = "SELECT EVENT_NAME, STATUS FROM information_schema.EVENTS ORDER BY EVENT_NAME";
    expect(await query(events)).to.deep.equal([
      "by_app_event\tENABLED",
      "by_master_event\tENABLED",
    ]);
  };
  const schemas = async () => (await asRoot("SHOW DATABASES")).split("\n");

  before(async () => {
    const { databaseName } = shared.outputs;
    await asMaster(shared.stack, `${statements(databaseName!, "by_master").join(";\n")};`);
    await query(statements(databaseName!, "by_app").join("; "));
    await work();
  });

  it("come back from a backup, also where the live tables have triggers", async () => {
    const key = (await lab.ops("backup")).trim().split("\n").at(-1)!;
    const found = "2 events, 2 functions, 2 procedures, 2 triggers, 2 views";
    expect(await lab.ops("restore-test", key)).to.match(
      new RegExp(`^${key} can be restored: .*, ${found}`, "m"),
    );
    await drop();
    for (const time of ["without", "with"]) {
      expect(await lab.ops("restore", key, "--yes"), time).to.include(`restored: ${key}`);
      await work();
    }
    const { databaseUser } = shared.outputs;
    const definers = await query(
      "SELECT DISTINCT DEFINER FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()",
    );
    expect(definers).to.deep.equal([`${databaseUser}@%`]);
    expect(await schemas()).to.not.include.members([`${shared.outputs.databaseName}_restore`]);
  });

  it("outlive a rotation of the password, which locks the user who owns them", async () => {
    const before = shared.outputs.databaseUser!;
    await shared.stack.release(await shared.stack.nextRotation());
    expect(shared.outputs.databaseUser).to.not.equal(before);
    const locked = await asRoot(`SELECT account_locked FROM mysql.user WHERE user = '${before}'`);
    expect(locked.trim()).to.equal("Y");
    await work();
    await lab.ops("backup");
    expect(await lab.ops("restore-test")).to.match(/ can be restored: .* 2 events, 2 functions/);
    await shared.stack.release(await shared.stack.nextRotation());
    expect(shared.outputs.databaseUser, "unlocked").to.equal(before);
    await work();
  });

  it("refuses a restore and a restore test on a full volume, and leaves nothing behind", async () => {
    const key = (await lab.ops("backup")).trim().split("\n").at(-1)!;
    const full = /error: the volume of the database \S+ has 0 MB free; to load /;
    // A file without blocks, which the lab counts by its length.
    const filler = "/var/lib/mysql/filler";
    const becomes = async (command: string[], isFull: boolean) => {
      for (let tries = 0; ; tries++) {
        const { status, stderr } = await lab.tryOps(...command);
        if (full.test(stderr) === isFull) return status;
        if (tries === 30) throw new Error(`${command.join(" ")}: ${stderr}`);
        // RDS's metric has one value a minute.
        await sleep(5000);
      }
    };
    await inDatabase("truncate", "--size=20G", filler);
    try {
      for (const command of [
        ["restore-test", key],
        ["restore", key, "--yes"],
      ]) {
        expect(await becomes(command, true)).to.not.equal(0);
      }
      const names = (await schemas()).filter((name) =>
        name.startsWith(shared.outputs.databaseName!),
      );
      expect(names).to.deep.equal([shared.outputs.databaseName]);
      await work();
    } finally {
      await inDatabase("rm", filler);
    }
    expect(await becomes(["restore-test", key], false)).to.equal(0);
    // The next suite gets the stack as it was.
    await drop();
  });
});
