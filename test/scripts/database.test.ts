import { expect } from "chai";
import { statSync } from "node:fs";
import { join } from "node:path";
import { FakeMachine } from "../support/machine.ts";

const awkward = `a"b'c\\d#e$f\`g%h`;

describe("prepare-database.sh", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.fake(
      "curl",
      `log "curl $*"; while [ "$1" != --output ]; do shift; done; echo CA >"$2"`,
    );
    // Keeps what the client gets: its option file and, on standard input, its statements.
    machine.fake(
      "mysql",
      `log "mysql $*"; cat "\${1#*=}" >'${machine.home}/options'; cat >'${machine.home}/said'
      if [[ $(cat '${machine.home}/said') == *"User = 'app' AND"* ]]; then
        printf 'COUNT(*)\\n'; cat '${machine.home}/there' 2>/dev/null || echo 0
      elif [[ $(cat '${machine.home}/said') != *"LIKE 'partial_revokes'"* ]]; then
        cp '${machine.home}/said' '${machine.home}/sql'
      elif [ -e '${machine.home}/mode' ]; then
        cat '${machine.home}/mode'
      fi`,
    );
  });
  afterEach(() => machine.remove());

  const prepare = (password: string, schema = "appdb") =>
    machine.run(
      "prepare-database.sh",
      ["us-west-2", "db.example", "3306", "dbadmin", schema, "app"],
      `master\n${password}\n`,
    );

  /** The statements about a user. */
  const about = (user: string) =>
    machine
      .read("sql")
      .split("\n")
      .filter((line) => line.includes(`'${user}'@`));

  it("creates a user with privileges on its schema only", () => {
    const outcome = prepare("secret", "my_app");
    expect(outcome, outcome.stderr).to.deep.equal({ status: 0, stdout: "", stderr: "" });
    expect(machine.read("sql")).to.include(
      "CREATE USER 'app'@'%' IDENTIFIED BY 'secret' REQUIRE SSL ACCOUNT UNLOCK;",
    );
    expect(about("app").join()).to.not.match(/GRANT ALL|GRANT OPTION|\*\.\*/);
    expect(about("app").join()).to.match(
      /CREATE VIEW, SHOW VIEW, TRIGGER, CREATE ROUTINE, ALTER ROUTINE, EXECUTE, EVENT ON `appdb`|my/,
    );
  });

  it("gives a user that is there, from before a rotation or a snapshot, the new password, and unlocks it", () => {
    machine.write("there", "1\n");
    prepare("secret");
    const [alter, grant] = about("app");
    // CREATE USER IF NOT EXISTS would fail for the owner of an event, and else leave the password.
    expect(alter).to.equal(
      "ALTER USER 'app'@'%' IDENTIFIED BY 'secret' REQUIRE SSL ACCOUNT UNLOCK;",
    );
    expect(grant).to.match(/^GRANT /);
  });

  it("creates a user for backups that sees everything, changes nothing and gets another password each time", () => {
    const passwords = [1, 2].map(() => {
      expect(prepare("secret").status).to.equal(0);
      const granted = about("app_backup").flatMap(
        (line) => /^GRANT (.*) ON (\S+)/.exec(line) ?? [],
      );
      // A REVOKE on a schema after the last one would make an exception of it.
      expect(granted.filter((_, i) => i % 3 > 0)).to.deep.equal([
        ...["appdb", "appdb\\_restore", "appdb\\_replaced"].flatMap((schema) => [
          ...["SHOW VIEW, TRIGGER, EVENT", `\`${schema}\`.*`],
        ]),
        ...["SELECT", "*.*"],
      ]);
      const options = machine.read("root/backup.cnf");
      expect(options).to.include("\nuser=app_backup\n").and.include("\nssl-verify-server-cert\n");
      expect(statSync(join(machine.root, "backup.cnf")).mode & 0o777).to.equal(0o600);
      const password = /^password="(.*)"$/m.exec(options)![1]!;
      expect(password).to.match(/^[0-9a-f]{32}$/);
      expect(about("app_backup")).to.include(
        `CREATE USER 'app_backup'@'%' IDENTIFIED BY '${password}' REQUIRE SSL ACCOUNT UNLOCK;`,
      );
      expect(machine.log).to.not.include(password);
      return password;
    });
    expect(passwords[0]).to.not.equal(passwords[1]);
  });

  /** Schemas of the statements of this kind. */
  const schemas = (statement: "GRANT" | "REVOKE") =>
    [
      ...about("app")
        .join("\n")
        .matchAll(new RegExp(`^${statement} .* ON \`(.*)\`\\.\\* `, "gm")),
    ].map(([, schema]) => schema);
  const names = ["my_app", "my_app_restore", "my_app_replaced"];
  const escaped = ["my\\_app", "my\\_app\\_restore", "my\\_app\\_replaced"];
  const old = "my\\_app\\_drill%";
  for (const [mode, granted, revoked] of [
    ["partial_revokes\tON\n", names, escaped],
    ["partial_revokes\tOFF\n", escaped, names],
    // A server without the variable.
    ["", escaped, names],
  ] as const) {
    it(`escapes underscores unless partial_revokes is ON: ${JSON.stringify(mode)}`, () => {
      machine.write("mode", mode);
      prepare("secret", "my_app");
      expect(schemas("GRANT")).to.deep.equal(granted);
      expect(schemas("REVOKE")).to.deep.equal([...revoked, old]);
    });
  }

  it("revokes nothing that it has granted", () => {
    machine.write("mode", "partial_revokes\tON\n");
    prepare("secret", "appdb");
    expect(schemas("GRANT")).to.deep.equal(["appdb", "appdb_restore", "appdb_replaced"]);
    expect(schemas("REVOKE")).to.not.include.members(schemas("GRANT"));
    expect(schemas("REVOKE")).to.not.include("appdb");
  });

  it("verifies the server's certificate against the RDS CA bundle of the region", () => {
    prepare("secret");
    expect(machine.log).to.include(
      "https://truststore.pki.rds.amazonaws.com/us-west-2/us-west-2-bundle.pem",
    );
    for (const file of ["options", "root/mysql.cnf"]) {
      expect(machine.read(file), file).to.include(`\nssl-ca=${machine.root}/rds-ca.pem\n`);
      expect(machine.read(file), file).to.include("\nssl-verify-server-cert\n");
    }
  });

  it("puts no password on a command line and writes the app's password to a private file", () => {
    prepare(awkward);
    expect(machine.log).to.not.include("master").and.not.include("a\"b'c");
    expect(machine.read("options")).to.include('\nuser=dbadmin\npassword="master"\n');
    expect(machine.read("root/mysql.cnf")).to.include("\nuser=app\n");
    expect(statSync(join(machine.root, "mysql.cnf")).mode & 0o777).to.equal(0o600);
  });

  it("quotes the special characters of a password for SQL and for the option file", () => {
    prepare(awkward);
    expect(machine.read("sql")).to.include(`'a"b\\'c\\\\d#e$f\`g%h' REQUIRE SSL`);
    expect(machine.read("root/mysql.cnf")).to.include(`\npassword="a\\"b'c\\\\d#e$f\`g%h"\n`);
  });

  it("shows MySQL's error without the statement", () => {
    machine.fake(
      "mysql",
      `echo "--------------" >&2; cat >&2; echo "ERROR 1227 (42000) at line 1: Access denied" >&2; exit 1`,
    );
    const { status, stderr } = prepare("sesame");
    expect(status).to.equal(1);
    expect(stderr).to.include(
      "error: dbadmin cannot prepare the database at db.example:3306: ERROR 1227 (42000) at line 1: Access denied\n",
    );
    expect(stderr).to.include("\nremedy: ").and.not.include("sesame");
    expect(machine.exists("root/mysql.cnf")).to.equal(false);
  });

  /** Has mysql refuse the login so many times; what it is asked afterwards succeeds. */
  const refuseLogins = (times: number) => {
    machine.write("refusals", "r".repeat(times));
    machine.fake("sleep", `log "sleep $*"`);
    machine.fake(
      "mysql",
      `cat >/dev/null; left='${machine.home}/refusals'
      if [ -s "$left" ]; then
        log refused; truncate --size=-1 "$left"
        echo "ERROR 1045 (28000): Access denied for user 'dbadmin'@'10.0.0.4' (using password: YES)" >&2; exit 1
      fi`,
    );
  };
  const refusals = () => machine.log.split("\n").filter((line) => line === "refused").length;

  it("waits until a new master password is in force", () => {
    refuseLogins(3);
    expect(prepare("secret")).to.deep.equal({ status: 0, stdout: "", stderr: "" });
    expect(machine.log).to.include("refused\nsleep 2\nrefused\nsleep 2\nrefused\nsleep 2\n");
    expect(machine.exists("root/mysql.cnf")).to.equal(true);
  });

  it("fails after two minutes when the master password is refused, and says how to set another", () => {
    refuseLogins(1000);
    const { status, stderr } = prepare("secret");
    expect(status).to.equal(1);
    expect(stderr).to.match(/^error: dbadmin cannot prepare .*: ERROR 1045 .*\nremedy: check /);
    expect(stderr).to.include("raise databaseMasterPasswordRotation by one and run: pulumi up\n");
    expect(stderr.match(/error:/g)).to.have.length(1);
    expect(refusals()).to.equal(61);
  });

  it("does not wait after another error than a refused login", () => {
    machine.fake("sleep", `log "sleep $*"`);
    machine.fake("mysql", "cat >/dev/null; echo 'ERROR 2003 (HY000): no connection' >&2; exit 1");
    const { status, stderr } = prepare("secret");
    expect(status).to.equal(1);
    expect(stderr).to.include(
      "ERROR 2003 (HY000): no connection\nremedy: check the security groups",
    );
    expect(machine.log).to.not.include("sleep");
  });

  it("fails when the CA bundle cannot be downloaded", () => {
    machine.fake("curl", "exit 6");
    const { status, stderr } = prepare("secret");
    expect(status).to.equal(1);
    expect(stderr).to.include("us-west-2-bundle.pem cannot be fetched from");
  });
});

describe("lock-old-user.sh", () => {
  it("locks the old user as the master user, with no password on a command line", () => {
    const machine = new FakeMachine();
    try {
      machine.fake(
        "mysql",
        `log "mysql $*"; cat "\${1#*=}" >'${machine.home}/options'; cat >'${machine.home}/sql'`,
      );
      const lock = () =>
        machine.run("lock-old-user.sh", ["db.example", "3306", "dbadmin", "app_b"], "master\n");
      expect(lock()).to.deep.equal({ status: 0, stdout: "", stderr: "" });
      expect(machine.read("sql")).to.equal("ALTER USER IF EXISTS 'app_b'@'%' ACCOUNT LOCK;\n");
      expect(machine.read("options")).to.include('\nuser=dbadmin\npassword="master"\n');
      expect(machine.log).to.not.include("master");
      machine.fake("mysql", "cat >/dev/null; echo 'ERROR 2005: unknown' >&2; exit 1");
      expect(lock().stderr).to.include("at db.example:3306: ERROR 2005: unknown\nremedy: ");
    } finally {
      machine.remove();
    }
  });
});

describe("write-file.sh", () => {
  it("replaces a file with its exact input, with mode 600, and leaves no temporary file", () => {
    const machine = new FakeMachine();
    try {
      for (const text of ["OLD=1\n", "DB_PASS=a%20b \\ $x\n"]) {
        expect(machine.run("write-file.sh", ["app.env"], text)).to.deep.equal({
          status: 0,
          stdout: "",
          stderr: "",
        });
        expect(machine.read("root/app.env")).to.equal(text);
        expect(statSync(join(machine.root, "app.env")).mode & 0o777).to.equal(0o600);
        expect(machine.exists("root/app.env.new")).to.equal(false);
      }
    } finally {
      machine.remove();
    }
  });
});
