import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { FakeMachine } from "../support/machine.ts";

/**
 * Fakes `docker run … IMAGE … flask db …` and `… alembic …` on the mounted directory. Files in the home of the fake machine control it:
 * `commit` is the image's commit, `heads` lists their newest revisions,
 * `upgrade` is the code of the next difference, `applied` is the database's revision, `tables` lists its other tables,
 * and `broken` makes an upgrade fail.
 */
const docker = (home: string) => `
cd '${home}'
log "$@"
if [ "$1 $2" = "image inspect" ]; then cat commit; exit; fi
[[ $* == *" --entrypoint python IMAGE "* ]]
while [ "$1" != IMAGE ]; do [ "$1" = --volume ] && volume=\${2%%:/migrations}; shift; done
shift
[ "$1 $2 $3" = "/app_settings.py /app.env run" ]
shift 3
echo "noise of the app (head)"
case "$*" in
"flask db heads" | "alembic heads") cat heads ;;
"flask db heads --directory /migrations")
  for file in "$volume"/versions/*_*.py; do [ ! -e "$file" ] || { file=\${file##*/}; echo "\${file%%_*} (head)"; }; done | tail -n 1 ;;
"flask db init "*) mkdir "$volume/versions"; touch "$volume/env.py" ;;
"flask db revision "*) touch "$volume/versions/$7_found.py" ;;
"flask db migrate "*)
  [ ! -e upgrade ] || printf '"""b2"""\\ndef upgrade():\\n    # ### commands ###\\n    %s\\n\\n\\ndef downgrade():\\n    op.drop_column("old")\\n' \\
    "$(cat upgrade)" >"$volume/versions/b2_.py" ;;
"flask db upgrade"* | "alembic upgrade head")
  if [ -e foreign ]; then echo "Can't locate revision identified by 'z9'" >&2; exit 1; fi
  if [ -e elsewhere ]; then exit; fi
  echo users >>tables
  if [ -e broken ]; then echo "Duplicate column" >&2; exit 1; fi
  case "$*" in *--directory*) echo b2 ;; *) sed 's/ .*//' heads ;; esac >applied ;;
esac`;

describe("The migration", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack();
    const { home } = machine;
    machine.write("commit", "c0ffee\n");
    describesApp("generated");
    machine.s3();
    machine.write("tables", "");
    machine.fake("docker", docker(home));
    machine.fake(
      "mysql",
      `cd '${home}'
      case "\${*: -1}" in
      *LIKE*) [ ! -e applied ] || echo alembic_version ;;
      "SHOW TABLES") [ ! -e applied ] || echo alembic_version; cat tables ;;
      *) cat applied ;;
      esac`,
    );
    machine.script("backup.sh", `log "backup $1 $(ls "$2")"; echo "backups/9"`);
  });
  afterEach(() => machine.remove());

  const describesApp = (migrations: string, database = true, module = "shop:app") =>
    machine.script(
      "describe-app.sh",
      `[ "$1" = c0ffee ]; echo module='"${module}"'; echo migrations_by=${migrations}; echo has_database=${database}`,
    );
  const migrate = () => machine.run("migrate.sh", ["IMAGE"]);
  const succeeds = () => {
    const outcome = migrate();
    expect(outcome.status, outcome.stderr).to.equal(0);
    return outcome;
  };
  const revisions = () => readdirSync(join(machine.root, "migrations/versions")).sort();

  describe("of an app that ships migrations", () => {
    beforeEach(() => {
      describesApp("flask-migrate");
      machine.write("heads", "c3 (head)\n");
    });

    it("applies them and makes no backup of an empty schema", () => {
      succeeds();
      expect(machine.read("applied")).to.equal("c3\n");
      expect(machine.log).to.not.match(/flask db migrate|backup/);
    });

    it("changes nothing at their newest revision, and makes no backup", () => {
      machine.write("applied", "c3\n");
      machine.write("tables", "users\n");
      expect(succeeds().stdout).to.equal("the schema is at revision c3 already\n");
      expect(machine.log).to.not.match(/upgrade|backup/);
    });

    it("runs them with the module of the description, and notes the tables that they leave", () => {
      succeeds();
      expect(machine.log).to.match(/--env FLASK_APP=shop:app .* flask db upgrade head$/m);
      expect(machine.read("root/tables")).to.equal("alembic_version\nusers\n");
    });

    it("leaves the choice of the app to an image that names it itself", () => {
      describesApp("flask-migrate", true, "");
      succeeds();
      expect(machine.log).to.match(/ flask db upgrade head$/m);
      expect(machine.log).to.not.include("FLASK_APP");
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
      expect(machine.log)
        .to.match(/ alembic upgrade head$/m)
        .and.not.include("flask db");
    });

    it("fails when they end well in another database", () => {
      machine.write("elsewhere", "");
      const { status, stderr } = migrate();
      expect(status).to.equal(1);
      expect(stderr).to.match(
        /^error: the migration to c3 succeeded, but the schema in RDS is at no revision\nremedy: have the migrations use the address in DATABASE_URL, then: pulumi config/,
      );
      expect(machine.exists("root/tables")).to.equal(false);
    });

    it("names the backup and how to empty the schema when another app has made it", () => {
      machine.write("applied", "z9\n");
      machine.write("tables", "mails\n");
      machine.write("foreign", "");
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
        machine.write("heads", heads);
        const { status, stderr } = migrate();
        expect(status).to.equal(1);
        expect(stderr).to.include(
          `error: the app's migrations name no single newest revision but: ${named}\n`,
        );
        expect(machine.log).to.not.include("upgrade");
      });
    }

    it("fails when they cannot be read, and shows why", () => {
      machine.fake(
        "docker",
        `[ "$1" = run ] || exec cat '${machine.home}/commit'; echo ImportError >&2; exit 1`,
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
      machine.write("root/tables", "of another app\n");
      expect(succeeds().stdout).to.equal(`nothing is migrated: the app has no ${what}\n`);
      expect(machine.log).to.not.match(/flask|alembic|backup/);
      expect(machine.exists("root/tables")).to.equal(false);
    });
  }

  it("gives an app that ships no migrations Flask-Migrate, and says so when no difference is found", () => {
    expect(succeeds().stdout).to.equal(
      "nothing is migrated: the schema has what the models have\n",
    );
    expect(machine.log).to.include(
      `--volume ${machine.root}/bin/migrated_app.py:/migrated_app.py:ro --env FLASK_APP=/migrated_app.py --env FLASK_ON_AWS_MODULE=shop:app `,
    );
    expect(machine.exists("root/tables")).to.equal(true);
  });

  it("starts anew when somebody has emptied the schema", () => {
    machine.write("upgrade", 'op.create_table("users")');
    machine.write("root/migrations/env.py", "");
    machine.write("root/migrations/versions/a1_of_another_app.py", "");
    succeeds();
    expect(revisions()).to.deep.equal(["b2_.py"]);
  });

  it("is generated, shown and kept when the app ships no migrations", () => {
    machine.write("upgrade", 'op.create_table("users")');
    expect(succeeds().stdout).to.equal(
      'the migration b2_.py:\n    op.create_table("users")\n' +
        "the schema went from revision none to b2\n",
    );
    expect(revisions()).to.deep.equal(["b2_.py"]);
    expect(machine.read("applied")).to.equal("b2\n");
    expect(machine.exists("root/migrations.new")).to.equal(false);
  });

  it("passes the settings as a file and runs the container as the login user, behind those that serve", () => {
    succeeds();
    expect(machine.log).to.include("--cpu-shares 64 ");
    expect(machine.log).to.include(`--volume ${machine.root}/app.env:/app.env:ro `);
    expect(machine.log).to.include(`--user ${process.getuid!()}:${process.getgid!()}`);
  });

  it("creates the migrations directory only once", () => {
    machine.write("upgrade", 'op.create_table("users")');
    succeeds();
    expect(succeeds().stdout).to.include("the schema is at revision b2 already");
    expect(machine.log.match(/flask db (init|upgrade)/g)).to.have.length(2);
    expect(machine.log).to.not.include("flask db revision");
  });

  it("starts from the database's revision when the revision files are missing", () => {
    machine.write("applied", "a1\n");
    succeeds();
    expect(revisions()).to.deep.equal(["a1_found.py"]);
    expect(machine.log).to.not.match(/upgrade|^backup /m);
  });

  describe("on a replacement app server", () => {
    beforeEach(() => {
      machine.write("applied", "a1\n");
      machine.write("s3/backups/8-nightly/manifest", "reason nightly\nrevision a1\n");
      machine.write("s3/backups/9-nightly/manifest", "reason nightly\nrevision b2\n");
    });
    /** Puts migrations of these revisions into the backup at the live revision. */
    const stored = (...names: string[]) => {
      machine.write("old/env.py", "");
      for (const name of names) machine.write(`old/versions/${name}`, "");
      machine.write("s3/backups/8-nightly/migrations.tar.gz", "");
      const archive = join(machine.home, "s3/backups/8-nightly/migrations.tar.gz");
      execFileSync("tar", ["-czf", archive, "-C", join(machine.home, "old"), "."]);
    };

    it("continues with the revision files of the newest backup at the live revision", () => {
      stored("00_.py", "a1_.py");
      machine.write("upgrade", 'op.add_column("users")');
      expect(succeeds().stdout).to.include("the revision files are those of backups/8-nightly\n");
      expect(revisions()).to.deep.equal(["00_.py", "a1_.py", "b2_.py"]);
      expect(machine.log).to.not.match(/flask db (init|revision)/);
    });

    it("uses none of the backup's files when they lack the database's revision", () => {
      stored("00_.py");
      succeeds();
      expect(revisions()).to.deep.equal(["a1_found.py"]);
    });

    it("uses the backup's files only up to the database's revision", () => {
      stored("a1_.py", "b2_.py", "c3_.py");
      expect(succeeds().stdout).to.include("the revision files are those of backups/");
      expect(revisions()).to.deep.equal(["a1_.py"]);
    });

    it("starts from the database's revision when no backup has revision files", () => {
      succeeds();
      expect(revisions()).to.deep.equal(["a1_found.py"]);
      execFileSync("rm", ["-r", join(machine.root, "migrations")]);
      execFileSync("rm", ["-r", join(machine.home, "s3/backups"), join(machine.root, "manifests")]);
      succeeds();
      expect(revisions()).to.deep.equal(["a1_found.py"]);
    });

    it("fails when the backup cannot be read, and works once it can be read", () => {
      stored("a1_.py");
      machine.write("refused", "gz -$\n");
      const { status, stderr } = migrate();
      expect(status).to.equal(1);
      expect(stderr).to.match(
        /^error: s3:\S+\/8-nightly\/migrations.tar.gz cannot be read\nremedy: .*\n {2}\| AccessDenied\n/,
      );
      expect(machine.exists("root/migrations")).to.equal(false);
      machine.write("refused", "nothing\n");
      expect(migrate().status, "once the bucket can be read").to.equal(0);
    });
  });

  for (const code of ['op.drop_table("users")', 'batch_op.drop_column("email")']) {
    it(`refuses ${code} and keeps no revision file`, () => {
      machine.write("upgrade", code);
      const { status, stderr } = migrate();
      expect(status).to.equal(1);
      expect(stderr)
        .to.match(/^error: the database has what the models of commit \S+ lack/m)
        .and.include(code);
      expect(stderr).to.include(
        "  pulumi config set allowDestructiveMigrations true && pulumi up\n          pulumi config rm",
      );
      expect(stderr, "the app's own words are no evidence").to.not.include("noise");
      expect(machine.log).to.not.match(/upgrade|backup/);
      expect(machine.exists("root/migrations")).to.equal(false);
      machine.write("upgrade", 'op.create_table("users")');
      succeeds();
    });

    it(`runs ${code} when destructive migrations are allowed`, () => {
      machine.stack({ ALLOW_DESTRUCTIVE: "true" });
      machine.write("upgrade", code);
      expect(succeeds().stdout).to.include(code);
      expect(machine.read("applied")).to.equal("b2\n");
    });
  }

  it("makes a backup with the new revision file before it changes tables", () => {
    machine.write("applied", "a1\n");
    machine.write("tables", "users\n");
    machine.write("upgrade", 'op.add_column("users")');
    const { stdout } = succeeds();
    expect(machine.log).to.match(/\nbackup before-b2 env.py\nversions\n(.*\n)?.*flask db upgrade/);
    expect(stdout).to.match(/^the schema went from revision a1 to b2; backup: backups\/9$/m);
  });

  it("makes no backup before the first tables exist", () => {
    machine.write("applied", "a1\n");
    machine.write("upgrade", 'op.create_table("users")');
    succeeds();
    expect(machine.log)
      .to.include("upgrade")
      .and.not.match(/^backup /m);
  });

  it("does not run when the backup fails", () => {
    machine.write("tables", "users\n");
    machine.write("upgrade", 'op.add_column("users")');
    machine.script("backup.sh", "echo 'error: refused' >&2; exit 1");
    const { status, stderr } = migrate();
    expect(status).to.equal(1);
    expect(stderr).to.equal("error: refused\n");
    expect(machine.log).to.not.include("upgrade");
    expect(machine.exists("root/migrations")).to.equal(false);
  });

  it("reports on failure what was applied and which backup to restore, and keeps no revision", () => {
    machine.write("applied", "a1\n");
    machine.write("tables", "mails\n");
    machine.write("upgrade", 'op.add_column("users")');
    machine.write("broken", "");
    const { status, stderr } = migrate();
    expect(status).to.equal(1);
    expect(stderr).to.match(
      /^error: the migration from revision a1 to b2 failed\.\n {7}The schema is at a1; tables added \(>\) or removed \(<\): > users /,
    );
    expect(stderr).to.match(
      /^remedy: correct .*;\n +or restore the backup, .*: \.\/ops restore backups\/9\n {2}\| noise.*\n {2}\| Duplicate column\n$/m,
    );
    expect(machine.exists("root/migrations")).to.equal(false);
  });

  it("suggests no restore when it fails on an empty schema", () => {
    machine.write("upgrade", 'op.create_table("users")');
    machine.write("broken", "");
    const { status, stderr } = migrate();
    expect(status).to.equal(1);
    expect(stderr).to.include("from revision none to b2 failed").and.include("is at no revision");
    expect(stderr).to.match(
      /^remedy: correct the migration, then: pulumi config set appCommit HASH && pulumi up$/m,
    );
  });
});
