import { expect } from "chai";
import { migrationMachine } from "../support/migration-machine.ts";

describe("The migration", () => {
  const { machine, describesApp, migrate, succeeds } = migrationMachine();

  describe("of an app that ships migrations", () => {
    beforeEach(() => {
      describesApp("flask-migrate");
      machine().write("heads", "c3 (head)\n");
    });

    it("applies them and makes no backup of an empty schema", () => {
      succeeds();
      expect(machine().read("applied")).to.equal("c3\n");
      expect(machine().log).to.not.match(/flask db migrate|backup/);
    });

    it("changes nothing at their newest revision, and makes no backup", () => {
      machine().write("applied", "c3\n");
      machine().write("tables", "users\n");
      expect(succeeds().stdout).to.equal("the schema is at revision c3 already\n");
      expect(machine().log).to.not.match(/upgrade|backup/);
    });

    it("runs them with the module of the description, and notes the tables that they leave", () => {
      succeeds();
      expect(machine().log).to.match(/--env FLASK_APP=shop:app .* flask db upgrade head$/m);
      expect(machine().read("root/tables")).to.equal("alembic_version\nusers\n");
    });

    it("leaves the choice of the app to an image that names it itself", () => {
      describesApp("flask-migrate", true, "");
      succeeds();
      expect(machine().log).to.match(/ flask db upgrade head$/m);
      expect(machine().log).to.not.include("FLASK_APP");
    });

    it("needs the module of an image that names none, to compare its models", () => {
      describesApp("generated", true, "");
      const { status, stderr } = migrate();
      expect(status).to.equal(1);
      expect(stderr).to.match(/^error: commit c0ffee does not tell which Flask app it has\.\n/);
      expect(stderr).to.match(
        /^remedy: name it: pulumi config set appModule .*\n.*appMigrations none$/m,
      );
      describesApp("generated");
      succeeds();
    });

    it("runs those of Alembic without Flask", () => {
      describesApp("alembic");
      succeeds();
      expect(machine().log)
        .to.match(/ alembic upgrade head$/m)
        .and.not.include("flask db");
    });

    it("fails when they end well in another database", () => {
      machine().write("elsewhere", "");
      const { status, stderr } = migrate();
      expect(status).to.equal(1);
      expect(stderr).to.match(
        /^error: the migration to c3 succeeded, but the schema in RDS is at no revision\nremedy: have the migrations use the address in DATABASE_URL, then: pulumi config/,
      );
      expect(machine().exists("root/tables")).to.equal(false);
    });

    it("names the backup and how to empty the schema when another app has made it", () => {
      machine().write("applied", "z9\n");
      machine().write("tables", "mails\n");
      machine().write("foreign", "");
      const { status, stderr } = migrate();
      expect(status).to.equal(1);
      expect(stderr).to.match(
        /^error: the schema appdb is at revision z9, which commit c0ffee does not have\.\n/,
      );
      expect(stderr).to.match(
        /or, for another app, DELETE all rows, which the backup backups\/9 keeps:\n/,
      );
      expect(stderr).to.match(
        /^ +\.\/ops mysql -- -e 'DROP DATABASE appdb; CREATE DATABASE appdb CHARACTER SET utf8mb4'$/m,
      );
    });

    for (const [heads, named] of [
      ["", "none"],
      ["c3 (head)\nd4 (head)\n", "c3\nd4"],
    ] as const) {
      it(`fails unless they have a single newest revision: ${named.replace("\n", " and ")}`, () => {
        machine().write("heads", heads);
        const { status, stderr } = migrate();
        expect(status).to.equal(1);
        expect(stderr).to.include(
          `error: the app's migrations name no single newest revision but: ${named}\n`,
        );
        expect(machine().log).to.not.include("upgrade");
      });
    }

    it("fails when they cannot be read, and shows why", () => {
      machine().fake(
        "docker",
        `[ "$1" = run ] || exec cat '${machine().home}/commit'; echo ImportError >&2; exit 1`,
      );
      const { status, stderr } = migrate();
      expect(status).to.equal(1);
      expect(stderr).to.match(/^error: flask db heads failed\nremedy: .*\n {2}\| ImportError\n$/);
    });
  });

  for (const [what, database] of [
    ["migrations", true],
    ["database", false],
  ] as const) {
    it(`changes nothing for an app that has no ${what}, and notes no tables`, () => {
      describesApp("none", database);
      machine().write("root/tables", "of another app\n");
      expect(succeeds().stdout).to.equal(`nothing is migrated: the app has no ${what}\n`);
      expect(machine().log).to.not.match(/flask|alembic|backup/);
      expect(machine().exists("root/tables")).to.equal(false);
    });
  }
});
