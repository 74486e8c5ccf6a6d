/** What the app's database user may do on a real MySQL server, with the client and scripts of the app server. */
import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { run, succeed } from "../../lab/support/lab.ts";

const root = "/opt/flask-on-aws";
const scripts = new URL("../../scripts", import.meta.url).pathname;
const docker = async (...args: string[]) => (await succeed("docker", args)).trim();
const image = async (name: string) => (await succeed("lab/images/name", [name])).trim();

describe("The grants of the app's database user", function () {
  this.timeout(300_000);

  let work: string;
  let server: string;
  let machine: string;

  /** Runs SQL as rdsadmin, the server's root user. */
  const asRoot = (sql: string) => {
    const client = ["mysql", "--socket=/run/mysqld/mysqld.sock", "--user=rdsadmin", "--batch"];
    return docker("exec", server, ...client, "--skip-column-names", "--execute", sql);
  };
  /** Runs a shell program on the app server with the scripts' variables; resolves to its output and errors. */
  const onMachine = async (program: string, input = "") => {
    const command = `set -e; . ${root}/bin/common.sh; ${program}`;
    const { status, stdout, stderr } = await run(
      "docker",
      ["exec", "--interactive", machine, "bash", "-c", command],
      { input },
    );
    return { status, text: stdout + stderr };
  };
  /** Creates the schema and prepares it as a release does. */
  const prepare = async (schema: string, user = "app_a") => {
    await asRoot(`CREATE DATABASE IF NOT EXISTS ${schema}`);
    const variables = `REGION=r DB_HOST=127.0.0.1 DB_PORT=3306 SCHEMA=${schema} BUCKET=b APP_GROUP=sg`;
    const write = `printf '%s\\n' ${variables} >$root/stack.env`;
    const script = `$bin/prepare-database.sh r 127.0.0.1 3306 dbadmin ${schema} ${user}`;
    const prepared = await onMachine(`${write}; ${script}`, "master\nsecret\n");
    expect(prepared, prepared.text).to.deep.equal({ status: 0, text: "" });
  };
  /** Makes an object of each kind, as the master user and as the app's. */
  const makeObjects = async (schema: string) => {
    const sql = (who: string) =>
      [
        `CREATE VIEW ${schema}.${who}_view AS SELECT COUNT(*) AS n FROM ${schema}.live`,
        `CREATE TRIGGER ${schema}.${who}_trigger BEFORE INSERT ON ${schema}.live FOR EACH ROW SET @${who} = 1`,
        `CREATE PROCEDURE ${schema}.${who}_procedure() SELECT 1`,
        `CREATE FUNCTION ${schema}.${who}_function() RETURNS INT DETERMINISTIC RETURN 7`,
        `CREATE EVENT ${schema}.${who}_event ON SCHEDULE EVERY 1 DAY DO SET @x = 1`,
      ].join("; ");
    await asRoot("SET GLOBAL log_bin_trust_function_creators = ON");
    expect(await onMachine(`query "${sql("app")}"`)).to.deep.equal(passes);
    const asMaster = `as_master 127.0.0.1 3306 dbadmin master "${sql("master")};"`;
    expect(await onMachine(asMaster)).to.deep.equal(passes);
  };
  const preflight = () => onMachine("$bin/preflight.sh");
  const passes = { status: 0, text: "" };
  const use = (schema: string) => onMachine(`query 'SELECT 1' --database=${schema}`);
  const denied = async (schema: string) => {
    await asRoot(`CREATE DATABASE IF NOT EXISTS ${schema}`);
    expect((await use(schema)).text, schema).to.match(/ERROR 1044 .*Access denied/);
  };

  before(async function () {
    this.timeout(900_000);
    await succeed("lab/images/build", []);
    work = await mkdtemp(join(tmpdir(), "grants-"));
    const settings = join(work, "settings");
    await mkdir(settings);
    await chmod(work, 0o755);
    const files = ["-keyout", `${settings}/server.key`, "-out", `${settings}/server.crt`];
    const names = ["-subj", "/CN=database", "-addext", "subjectAltName=IP:127.0.0.1"];
    execFileSync(
      "openssl",
      ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", ...files, ...names],
      { stdio: "pipe" },
    );
    await succeed("cp", [`${settings}/server.crt`, `${settings}/ca.crt`]);
    const values = { user: "dbadmin", password: "master", port: "3306", "parameters.cnf": "" };
    for (const [name, value] of Object.entries(values))
      await writeFile(join(settings, name), value);
    const start = (...args: string[]) =>
      docker("run", "--detach", "--label", `flask-on-aws.lab=${process.env.LAB_HOME}`, ...args);
    server = await start("--volume", `${settings}:/run/settings:ro`, await image("mysql"));
    const mounts = ["--volume", `${scripts}:${root}/bin:ro`, "--volume", `${work}:/mounted:ro`];
    const beside = ["--network", `container:${server}`, "--entrypoint", "sleep"];
    machine = await start(...beside, ...mounts, await image("machine"), "infinity");
    // The image has the packages of a first boot in apt's cache.
    const install = "apt-get install --yes --no-download --no-install-recommends";
    await onMachine(`DEBIAN_FRONTEND=noninteractive ${install} default-mysql-client`);
    // Fakes of the commands that use the internet.
    const fakes = {
      aws: "cat >/dev/null",
      curl: `while [ "$1" != --output ] && shift; do :; done
        if [ "$#" = 0 ]; then printf 'Date: %s\\r\\n' "$(date -R)"; else cp /mounted/settings/ca.crt "$2"; fi`,
    };
    for (const [name, body] of Object.entries(fakes)) {
      const write = `cat >/usr/local/bin/${name}; chmod +x /usr/local/bin/${name}`;
      await onMachine(write, `#!/usr/bin/env bash\n${body}\n`);
    }
    for (
      let asked = 0;
      (await run("docker", ["exec", server, "mysqladmin", "ping"])).status !== 0;
    ) {
      if (++asked > 180) throw new Error(`no MySQL in 90 s: ${await docker("logs", server)}`);
      await sleep(500);
    }
  });
  after(async () => {
    for (const id of [machine, server]) if (id) await docker("rm", "--force", "--volumes", id);
    await rm(work, { recursive: true });
  });

  afterEach(async () => {
    await asRoot("DROP USER IF EXISTS app_a, app_b, app_backup");
    const made = await asRoot("SHOW DATABASES WHERE `Database` REGEXP '^(my[_x]|appdb)'");
    for (const schema of made.split("\n")) if (schema) await asRoot(`DROP DATABASE \`${schema}\``);
  });

  for (const mode of ["ON", "OFF"]) {
    describe(`with partial_revokes ${mode}`, () => {
      beforeEach(() => asRoot(`SET GLOBAL partial_revokes = ${mode}`));

      for (const schema of ["my_app_db", "appdb"]) {
        it(`let it change ${schema} and restore a backup, but not use another schema`, async () => {
          await prepare(schema);
          const statements = [
            "CREATE TABLE live (id INT PRIMARY KEY)",
            "INSERT INTO live VALUES (1)",
            "CREATE DATABASE $scratch",
            "CREATE TABLE $scratch.live LIKE live",
            "CREATE DATABASE $replaced",
            "RENAME TABLE live TO $replaced.live, $scratch.live TO live",
            "DROP DATABASE $scratch",
            "DROP DATABASE $replaced",
          ];
          const changed = await onMachine(`query "${statements.join("; ")}"`);
          expect(changed).to.deep.equal(passes);
          await makeObjects(schema);
          const dump = await onMachine(
            `$bin/objects.sh check; $bin/objects.sh list ${schema}; $bin/objects.sh dump ${schema}`,
          );
          expect(dump.status, dump.text).to.equal(0);
          for (const who of ["app", "master"]) {
            for (const kind of ["EVENT", "FUNCTION", "PROCEDURE", "TRIGGER", "VIEW"]) {
              expect(dump.text).to.include(`${kind.toLowerCase()}\t${who}_${kind.toLowerCase()}\n`);
              expect(dump.text).to.include(`${kind} \`${who}_${kind.toLowerCase()}\``);
            }
          }
          // As a restore creates them again.
          const replaced = await onMachine(
            `$bin/objects.sh dump ${schema} | $bin/objects.sh own >/tmp/own; $bin/objects.sh replace ${schema} /tmp/own; $bin/objects.sh list ${schema}`,
          );
          expect(replaced).to.deep.equal({
            status: 0,
            text: dump.text.slice(0, dump.text.indexOf("-- ")),
          });
          expect(await preflight()).to.deep.equal(passes);

          for (const other of ["myXappXdb", `${schema}Xrestore`, `${schema}_restore2`]) {
            await denied(other);
          }
          const create = await onMachine(`query "CREATE DATABASE ${schema}_mine"`);
          expect(create.text).to.match(/ERROR 1044 .*Access denied/);
        });
      }

      it("are those of a user that a snapshot has brought, with another password and rows", async () => {
        await asRoot("CREATE DATABASE my_app_db; CREATE TABLE my_app_db.live (id INT PRIMARY KEY)");
        await asRoot("INSERT INTO my_app_db.live VALUES (1)");
        await asRoot("CREATE USER app_a@'%' IDENTIFIED BY 'of another environment'");
        await prepare("my_app_db");
        expect(await preflight()).to.deep.equal(passes);
        const { text } = await onMachine("query 'SELECT COUNT(*) FROM live'");
        expect(text).to.equal("1\n");
      });

      it("replace the grants of an earlier version, and its schemas are dropped", async () => {
        await asRoot(
          `CREATE DATABASE my_app_db_drill; CREATE DATABASE my_app_db_drill_old; CREATE USER app_a;
          GRANT SELECT, DROP ON \`my\\_app\\_db\`.* TO app_a;
          GRANT SELECT, DROP ON \`my\\_app\\_db\\_drill%\`.* TO app_a`,
        );
        await prepare("my_app_db");
        expect(await preflight()).to.deep.equal(passes);
        expect(await asRoot("SHOW GRANTS FOR app_a")).to.not.include("drill");
        expect(await asRoot("SHOW DATABASES")).to.not.include("drill");
      });
    });
  }

  it("still work after partial_revokes is set to OFF, and are exact after the next release", async () => {
    await asRoot("SET GLOBAL partial_revokes = ON");
    await prepare("my_app_db");
    await asRoot("SET GLOBAL partial_revokes = OFF");
    expect((await use("my_app_db")).text).to.equal("1\n");
    expect(await preflight()).to.deep.equal(passes);
    await prepare("my_app_db");
    await denied("myXappXdb");
    expect((await use("my_app_db")).text).to.equal("1\n");
  });

  for (const [schema, missed] of [
    ["my_app_db", "my_app_db"],
    ["appdb", "appdb_restore"],
  ] as const) {
    it(`fail the preflight for ${missed} after partial_revokes is set to ON, until a rotation`, async () => {
      await asRoot("SET GLOBAL partial_revokes = OFF");
      await prepare(schema);
      await asRoot("SET GLOBAL partial_revokes = ON");
      await denied(missed);
      expect((await preflight()).text).to.match(
        new RegExp(
          `^error: the app's user lacks the privilege SELECT on the schema ${missed}\nremedy: raise databasePasswordRotation`,
        ),
      );
      await prepare(schema, "app_b");
      expect(await preflight()).to.deep.equal(passes);
      expect((await use(missed)).text).to.equal("1\n");
    });
  }
});
