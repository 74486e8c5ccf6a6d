import { expect } from "chai";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { FakeMachine } from "../support/machine.ts";

describe("The verification", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack();
    machine.write("root/proxy/active", "green\n");
    machine.write("root/tables", "users\nalembic_version\n");
  });
  afterEach(() => machine.remove());

  const verify = (
    answers: {
      page?: string;
      schemas?: string;
      tables?: string;
      serves?: string;
    } = {},
  ) => {
    const { page = "200", schemas = "appdb", tables = "alembic_version\nusers" } = answers;
    machine.fake("curl", `printf %s ${page}; [ ${page} != 000 ]`);
    machine.mysql({
      "SHOW?DATABASES": `information_schema\n${schemas}\n`,
      "SHOW?TABLES": `${tables}\n`,
    });
    if (schemas !== "appdb") machine.write("dropped", "");
    machine.fake("docker-compose", `[ "\${*: -3}" = "ps --quiet green" ] && echo container`);
    const { serves = "app:1" } = answers;
    machine.fake(
      "docker",
      `[ "$*" = "inspect --format {{.Config.Image}} container" ] && echo '${serves}'`,
    );
    return machine.run("verify.sh", ["app:1"]);
  };
  const gate = (body: string) => machine.script("check-database-connection.sh", body);

  it("prints nothing when all checks pass", () => {
    gate(`[ "$*" = "green 5005 /login 200" ]`);
    expect(verify()).to.deep.equal({ status: 0, stdout: "", stderr: "" });
    expect(verify({ tables: "alembic_version\nnewer\nusers" }).status, "more tables").to.equal(0);
  });

  it("expects no table after a release without migrations", () => {
    gate(":");
    rmSync(join(machine.root, "tables"));
    expect(verify({ tables: "" })).to.deep.equal({ status: 0, stdout: "", stderr: "" });
  });

  it("expects the page and the status that the image serves with", () => {
    const description = "health_path=/up\nhealth_status=204\nport=8000\n";
    machine.write("root/descriptions/1", description);
    gate(`[ "$*" = "green 8000 /up 204" ]`);
    expect(verify({ page: "204" }).status).to.equal(0);
    expect(verify().stderr).to.match(
      /^error: https:\/\/app\.example\/up answers with status 200, not 204\n/,
    );
  });

  it("checks neither tables nor connections of an app without a database", () => {
    machine.write("root/descriptions/1", "has_database=false\n");
    gate("exit 1");
    expect(verify({ tables: "" })).to.deep.equal({ status: 0, stdout: "", stderr: "" });
  });

  it("checks the tables alone when appDatabaseCheck is false", () => {
    machine.write("root/descriptions/1", "database_check=false\n");
    gate("exit 1");
    expect(verify()).to.deep.equal({ status: 0, stdout: "", stderr: "" });
    expect(verify({ tables: "" }).stderr).to.match(/lacks tables of the last migration/);
  });

  for (const [what, answers, error] of [
    ["another image runs", { serves: "app:2" }, "app:2 serves, not app:1"],
    ["no container runs", { serves: "" }, "nothing serves, not app:1"],
    [
      "the page answers with an error",
      { page: "502" },
      "https://app.example/login answers with status 502, not 200",
    ],
    [
      "the page does not answer",
      { page: "000" },
      "https://app.example/login answers with status 000, not 200",
    ],
    [
      "the server has no such schema",
      { schemas: "appdb2" },
      "db.example has no schema appdb: somebody dropped it, or databaseSnapshot holds another one",
    ],
    [
      "the schema lacks a table of the last migration",
      { tables: "alembic_version\nmy_users" },
      "the schema appdb lacks tables of the last migration: users",
    ],
  ] as const) {
    it(`fails when ${what}`, () => {
      gate(":");
      const { status, stderr } = verify(answers);
      expect(status).to.equal(1);
      expect(stderr).to.include(`error: ${error}\nremedy: `);
    });
  }

  it("fails with the last line of the database check, and shows its whole output", () => {
    gate("printf 'Traceback\\nthe data is at None\\n' >&2; exit 1");
    const { status, stderr } = verify();
    expect(status).to.equal(1);
    expect(stderr).to.equal(
      "error: the data is at None\nremedy: run pulumi up again\n  | Traceback\n  | the data is at None\n",
    );
  });
});
