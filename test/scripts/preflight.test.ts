import { expect } from "chai";
import { createServer, type AddressInfo, type Server } from "node:net";
import { FakeMachine } from "../support/machine.ts";

const privileges =
  "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, REFERENCES, INDEX, ALTER, LOCK TABLES, EXECUTE, " +
  "CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, EVENT, TRIGGER";
/** The output of `mysql --batch` for grants on these schemas; it doubles backslashes. */
const grantsOn = (...schemas: string[]) =>
  [
    "GRANT USAGE ON *.* TO `app_a`@`%`",
    ...schemas.map((schema) => `GRANT ${privileges} ON \`${schema}\`.* TO \`app_a\`@\`%\``),
  ].join("\n");
const names = ["my_app", "my_app_restore", "my_app_replaced"];
const escaped = names.map((name) => name.replaceAll("_", "\\\\_"));
const grants = grantsOn(...escaped);
const ofMode = "SHOW?GLOBAL*partial_revokes*";
const ofCharset = "*information_schema.SCHEMATA*SCHEMA_NAME?=?\\'my_app\\'";
const answers = {
  "SELECT?1": "1",
  "SHOW?GRANTS": grants,
  [ofMode]: "partial_revokes\tOFF",
  [ofCharset]: "utf8mb4",
};

describe("The preflight", () => {
  let server: Server;
  before((done) => {
    server = createServer().listen(0, "127.0.0.1", done);
  });
  after((done) => {
    server.close(done);
  });

  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack({
      DB_HOST: "127.0.0.1",
      DB_PORT: (server.address() as AddressInfo).port,
      SCHEMA: "my_app",
    });
    machine.s3();
    machine.mysql(answers);
    machine.fake("sudo", 'exec "$@"');
    listeners('LISTEN 0 4096 0.0.0.0:443 0.0.0.0:* users:(("docker-proxy",pid=7,fd=8))');
    machine.fake("getent", `[ "$*" = "hosts 127.0.0.1" ]`);
    machine.fake("curl", `log "$*"; printf 'HTTP/1.1 405 No\\r\\nDate: %s\\r\\n' "$(date -R)"`);
  });
  afterEach(() => machine.remove());

  const preflight = () => machine.run("preflight.sh");
  /** What `ss` prints of ports 80 and 443. */
  const listeners = (line: string) =>
    machine.fake("ss", `[ "\${*: -1}" = "( sport = :80 or sport = :443 )" ] && echo '${line}'`);
  const fails = (error: RegExp, remedy: RegExp) => {
    const { status, stdout, stderr } = preflight();
    expect(stderr).to.match(new RegExp(`^error: ${error.source}`, "m"));
    expect(stderr).to.match(new RegExp(`^remedy: .*${remedy.source}`, "m"));
    expect({ status, stdout }).to.deep.equal({ status: 1, stdout: "" });
  };

  it("fails when another program has the proxy's ports, and names it", () => {
    listeners(
      'LISTEN 0 511 0.0.0.0:80 0.0.0.0:* users:(("nginx",pid=9,fd=6),("nginx",pid=8,fd=6))',
    );
    fails(
      /another program listens at port 80 or 443 of \S+, which the proxy needs: nginx\n/,
      /stop it for good, for example: \.\/ops ssh -- sudo systemctl disable --now nginx; then/,
    );
  });

  it("prints nothing when all checks pass", () => {
    expect(preflight()).to.deep.equal({ status: 0, stdout: "", stderr: "" });
    expect(machine.log).to.match(/aws s3 cp \S+ - s3:\/\/backups-1\/preflight\/\S+\n/);
    expect(machine.log).to.include("https://s3.us-west-2.amazonaws.com/");
  });

  it("reports how much disk is free when it is too little", () => {
    machine.fake("df", `[[ $* == *" ${machine.root}" ]] && printf 'Avail\\n  511\\n'`);
    fails(/\S+ has 511 MB free at \S+; a release needs 512 MB\n/, /docker system df/);
    machine.write("root/files/upload", Buffer.alloc(2_500_000));
    fails(/.* a release needs 512 MB\.\n {7}The app's files take 3 MB\n/, /docker system df/);
  });

  it("fails when the database's name does not resolve", () => {
    machine.fake("getent", "exit 2");
    fails(/127\.0\.0\.1 has no address in the DNS of /, /pulumi refresh; .*DNS/);
  });

  /** Closes the port; the arguments are what the API answers about the rules of each direction. */
  const closed = (ingress: string, egress: string) => {
    machine.stack({ DB_HOST: "127.0.0.1", DB_PORT: 1, SCHEMA: "my_app" });
    machine.fake(
      "aws",
      `case "$*" in
      *Values=sg-db\\ *IsEgress==\\\`false\\\`*GroupId==\\'sg-app\\'*ToPort\\>=\\\`1\\\`*) ${ingress} ;;
      *Values=sg-app\\ *IsEgress==\\\`true\\\`*GroupId==\\'sg-db\\'*ToPort\\>=\\\`1\\\`*) ${egress} ;;
      *) exit 9 ;;
      esac`,
    );
  };
  for (const [ingress, egress, cause] of [
    [
      "echo 0",
      "echo 1",
      "the database's security group sg-db lacks a rule that lets TCP 1 in from",
    ],
    ["echo 1", "echo 0", "this machine's security group sg-app lacks a rule that lets TCP 1 out"],
    ["echo 1", "echo 2", "the security groups let it through: the database is down, or"],
  ] as const) {
    it(`names the cause: ${cause}`, () => {
      closed(ingress, egress);
      fails(
        new RegExp(`127\\.0\\.0\\.1:1 does not answer within 10 s:\\n       ${cause}`),
        /pulumi up --refresh/,
      );
    });
  }

  for (const [ingress, egress] of [
    ["echo Denied >&2; exit 254", "echo 0"],
    ["echo 1", "echo Denied >&2; exit 254"],
  ] as const) {
    it(`shows why the security groups cannot be read: ${ingress}`, () => {
      closed(ingress, egress);
      fails(
        /127\.0\.0\.1:1 does not answer within 10 s:\n {7}the security groups sg-db and sg-app cannot be read\n/,
        /pulumi up --refresh.*\n {2}\| (1 )?Denied/,
      );
    });
  }

  it("shows MySQL's error when the database refuses the login", () => {
    machine.fake("mysql", `echo noise >&2; echo "ERROR 1045 (28000): Access denied" >&2; exit 1`);
    fails(
      /the app's user cannot log in to 127\.0\.0\.1: ERROR 1045 \(28000\): Access denied$/,
      /databasePasswordRotation/,
    );
  });

  for (const privilege of ["SELECT", "CREATE", "INDEX", "CREATE VIEW", "EXECUTE", "TRIGGER"]) {
    it(`fails when the privilege ${privilege} is missing`, () => {
      const fewer = grants.replace(new RegExp(` ${privilege}(,| (?=ON))`), " ");
      machine.mysql({ ...answers, "SHOW?GRANTS": fewer.replace(",  ON", " ON") });
      fails(
        new RegExp(`the app's user lacks the privilege ${privilege} on the schema my_app`),
        /databasePasswordRotation/,
      );
    });
  }

  const sees = (shown: string, mode: string) =>
    machine.mysql({ ...answers, "SHOW?GRANTS": shown, [ofMode]: mode });
  const on = "partial_revokes\tON";

  for (const [what, schemas, mode] of [
    ["schema names when partial_revokes is ON", names, on],
    // These grants cover more schemas than they should, but the app works.
    ["schema names when partial_revokes is OFF", names, answers[ofMode]],
    ["escaped patterns when the server has no partial_revokes", escaped, ""],
  ] as const) {
    it(`accepts grants on ${what}`, () => {
      sees(grantsOn(...schemas), mode);
      expect(preflight()).to.deep.equal({ status: 0, stdout: "", stderr: "" });
    });
  }

  it("refuses grants on escaped patterns when partial_revokes is ON", () => {
    sees(grants, on);
    fails(/the app's user lacks the privilege SELECT on the schema my_app$/, /./);
  });

  for (const [i, name] of names.entries()) {
    for (const [mode, schemas] of [
      ["partial_revokes\tOFF", escaped],
      [on, names],
    ] as const) {
      it(`refuses grants on another schema than ${name}: ${mode.replace("\t", " ")}`, () => {
        sees(grantsOn(...schemas.with(i, `${schemas[i]}2`)), mode);
        fails(new RegExp(`the app's user lacks the privilege SELECT on the schema ${name}$`), /./);
        // The name, read as a pattern, would match this schema.
        sees(grantsOn(...schemas.with(i, name.replaceAll("_", "X"))), mode);
        fails(new RegExp(`the app's user lacks the privilege SELECT on the schema ${name}$`), /./);
      });
    }
  }

  it("reads the grants even if the user has no access to the app's schema", () => {
    machine.mysql({ ...answers, "SHOW?GRANTS": grantsOn() });
    const fake = machine.read("fakes/mysql").split("log() ")[1]!.replace(/^.*\n/, "");
    const refuse =
      "if [[ $* != *--database=information_schema* ]]; then echo 'ERROR 1044' >&2; exit 1; fi";
    machine.fake("mysql", `${refuse}\n${fake}`);
    fails(/the app's user lacks the privilege SELECT on the schema my_app$/, /databasePassword/);
  });

  it("accepts ALL PRIVILEGES", () => {
    sees(grants.replaceAll(privileges, "ALL PRIVILEGES"), on.replace("ON", "OFF"));
    expect(preflight().status).to.equal(0);
  });

  it("refuses a schema whose character set is not utf8mb4", () => {
    machine.mysql({ ...answers, [ofCharset]: "latin1" });
    fails(/the schema my_app has the character set latin1:/, /utf8mb4/);
  });

  it("reports a dropped schema and the commands that restore it", () => {
    machine.mysql({ ...answers, [ofCharset]: "" });
    machine.write("dropped", "");
    fails(
      /127\.0\.0\.1 has no schema my_app: somebody dropped it, or databaseSnapshot holds another one$/,
      /-e 'CREATE DATABASE my_app CHARACTER SET utf8mb4';\n +then restore a backup: \.\/ops restore/,
    );
  });

  it("fails when S3 does not answer", () => {
    machine.fake("curl", "exit 28");
    fails(
      /s3\.us-west-2\.amazonaws\.com does not answer /,
      /S3 endpoint, .*egress rules of sg-app/,
    );
  });

  for (const off of [-301, 301]) {
    it(`fails when the clock is ${off} s off`, () => {
      machine.fake("curl", `printf 'date: %s\\r\\n' "$(date -R --date '${-off} seconds')"`);
      fails(new RegExp(`the clock of \\S+ is ${off < 0 ? "-" : ""}30\\d s off`), /timedatectl/);
    });
  }

  it("waits until a new permission to write to the backup bucket takes effect", () => {
    machine.write("refused", "s3 cp\n");
    machine.fake("sleep", `log "sleep $*"; rm '${machine.home}/refused'`);
    expect(preflight()).to.deep.equal({ status: 0, stdout: "", stderr: "" });
    expect(machine.log).to.include("sleep 3\n");
  });

  it("fails when it cannot write to the backup bucket", () => {
    machine.write("refused", "s3 cp\n");
    machine.fake("sleep", "");
    fails(/\S+ cannot write to the backup bucket backups-1: AccessDenied$/, /policies/);
  });
});
