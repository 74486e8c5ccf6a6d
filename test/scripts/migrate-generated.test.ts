import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { migrationMachine } from "../support/migration-machine.ts";

describe("The generated migration", () => {
  const { machine, migrate, succeeds, revisions } = migrationMachine();

  it("gives an app that ships no migrations Flask-Migrate, and says so when no difference is found", () => {
    expect(succeeds().stdout).to.equal(
      "nothing is migrated: the schema has what the models have\n",
    );
    expect(machine().log).to.include(
      `--volume ${machine().root}/bin/migrated_app.py:/migrated_app.py:ro --env FLASK_APP=/migrated_app.py --env FLASK_ON_AWS_MODULE=shop:app `,
    );
    expect(machine().exists("root/tables")).to.equal(true);
  });

  it("starts anew when somebody has emptied the schema", () => {
    machine().write("upgrade", 'op.create_table("users")');
    machine().write("root/migrations/env.py", "");
    machine().write("root/migrations/versions/a1_of_another_app.py", "");
    succeeds();
    expect(revisions()).to.deep.equal(["b2_.py"]);
  });

  it("is generated, shown and kept when the app ships no migrations", () => {
    machine().write("upgrade", 'op.create_table("users")');
    expect(succeeds().stdout).to.equal(
      'the migration b2_.py:\n    op.create_table("users")\n' +
        "the schema went from revision none to b2\n",
    );
    expect(revisions()).to.deep.equal(["b2_.py"]);
    expect(machine().read("applied")).to.equal("b2\n");
    expect(machine().exists("root/migrations.new")).to.equal(false);
  });

  it("passes the settings as a file and runs the container as the login user, behind those that serve", () => {
    succeeds();
    expect(machine().log).to.include("--cpu-shares 64 ");
    expect(machine().log).to.include(`--volume ${machine().root}/app.env:/app.env:ro `);
    expect(machine().log).to.include(`--user ${process.getuid!()}:${process.getgid!()}`);
  });

  it("reaches Redis when appRedis is set, because some apps connect to it as soon as they are imported", () => {
    succeeds();
    expect(machine().log).to.not.include("--network");
    machine().stack({ APP_REDIS: "true" });
    succeeds();
    expect(machine().log).to.include(" --network flask-on-aws_default ");
  });

  it("creates the migrations directory only once", () => {
    machine().write("upgrade", 'op.create_table("users")');
    succeeds();
    expect(succeeds().stdout).to.include("the schema is at revision b2 already");
    expect(machine().log.match(/flask db (init|upgrade)/g)).to.have.length(2);
    expect(machine().log).to.not.include("flask db revision");
  });

  it("starts from the database's revision when the revision files are missing", () => {
    machine().write("applied", "a1\n");
    succeeds();
    expect(revisions()).to.deep.equal(["a1_found.py"]);
    expect(machine().log).to.not.match(/upgrade|^backup /m);
  });

  describe("on a replacement app server", () => {
    beforeEach(() => {
      machine().write("applied", "a1\n");
      machine().write("s3/backups/8-nightly/manifest", "reason nightly\nrevision a1\n");
      machine().write("s3/backups/9-nightly/manifest", "reason nightly\nrevision b2\n");
    });
    /** Puts migrations of these revisions into the backup at the live revision. */
    const stored = (...names: string[]) => {
      machine().write("old/env.py", "");
      for (const name of names) machine().write(`old/versions/${name}`, "");
      machine().write("s3/backups/8-nightly/migrations.tar.gz", "");
      const archive = join(machine().home, "s3/backups/8-nightly/migrations.tar.gz");
      execFileSync("tar", ["-czf", archive, "-C", join(machine().home, "old"), "."]);
    };

    it("continues with the revision files of the newest backup at the live revision", () => {
      stored("00_.py", "a1_.py");
      machine().write("upgrade", 'op.add_column("users")');
      expect(succeeds().stdout).to.include("the revision files are those of backups/8-nightly\n");
      expect(revisions()).to.deep.equal(["00_.py", "a1_.py", "b2_.py"]);
      expect(machine().log).to.not.match(/flask db (init|revision)/);
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
      execFileSync("rm", ["-r", join(machine().root, "migrations")]);
      execFileSync("rm", [
        "-r",
        join(machine().home, "s3/backups"),
        join(machine().root, "manifests"),
      ]);
      succeeds();
      expect(revisions()).to.deep.equal(["a1_found.py"]);
    });

    it("fails when the backup cannot be read, and works once it can be read", () => {
      stored("a1_.py");
      machine().write("refused", "gz -$\n");
      const { status, stderr } = migrate();
      expect(status).to.equal(1);
      expect(stderr).to.match(
        /^error: s3:\S+\/8-nightly\/migrations.tar.gz cannot be read\nremedy: .*\n {2}\| AccessDenied\n/,
      );
      expect(machine().exists("root/migrations")).to.equal(false);
      machine().write("refused", "nothing\n");
      expect(migrate().status, "once the bucket can be read").to.equal(0);
    });
  });

  for (const code of ['op.drop_table("users")', 'batch_op.drop_column("email")']) {
    it(`refuses ${code} and keeps no revision file`, () => {
      machine().write("upgrade", code);
      const { status, stderr } = migrate();
      expect(status).to.equal(1);
      expect(stderr)
        .to.match(/^error: the database has what the models of commit \S+ lack/m)
        .and.include(code);
      expect(stderr).to.include(
        "  pulumi config set allowDestructiveMigrations true && pulumi up\n          pulumi config rm",
      );
      expect(stderr, "the app's own words are no evidence").to.not.include("noise");
      expect(machine().log).to.not.match(/upgrade|backup/);
      expect(machine().exists("root/migrations")).to.equal(false);
      machine().write("upgrade", 'op.create_table("users")');
      succeeds();
    });

    it(`runs ${code} when destructive migrations are allowed`, () => {
      machine().stack({ ALLOW_DESTRUCTIVE: "true" });
      machine().write("upgrade", code);
      expect(succeeds().stdout).to.include(code);
      expect(machine().read("applied")).to.equal("b2\n");
    });
  }

  it("makes a backup with the new revision file before it changes tables", () => {
    machine().write("applied", "a1\n");
    machine().write("tables", "users\n");
    machine().write("upgrade", 'op.add_column("users")');
    const { stdout } = succeeds();
    expect(machine().log).to.match(
      /\nbackup before-b2 env.py\nversions\n(.*\n)?.*flask db upgrade/,
    );
    expect(stdout).to.match(/^the schema went from revision a1 to b2; backup: backups\/9$/m);
  });

  it("makes no backup before the first tables exist", () => {
    machine().write("applied", "a1\n");
    machine().write("upgrade", 'op.create_table("users")');
    succeeds();
    expect(machine().log)
      .to.include("upgrade")
      .and.not.match(/^backup /m);
  });

  it("does not run when the backup fails", () => {
    machine().write("tables", "users\n");
    machine().write("upgrade", 'op.add_column("users")');
    machine().script("backup.sh", "echo 'error: refused' >&2; exit 1");
    const { status, stderr } = migrate();
    expect(status).to.equal(1);
    expect(stderr).to.equal("error: refused\n");
    expect(machine().log).to.not.include("upgrade");
    expect(machine().exists("root/migrations")).to.equal(false);
  });

  it("reports on failure what was applied and which backup to restore, and keeps no revision", () => {
    machine().write("applied", "a1\n");
    machine().write("tables", "mails\n");
    machine().write("upgrade", 'op.add_column("users")');
    machine().write("broken", "");
    const { status, stderr } = migrate();
    expect(status).to.equal(1);
    expect(stderr).to.match(
      /^error: the migration from revision a1 to b2 failed\.\n {7}The schema is at a1; tables added \(>\) or removed \(<\): > users /,
    );
    expect(stderr).to.match(
      /^remedy: correct .*;\n +or restore the backup, .*: \.\/ops restore backups\/9\n {2}\| noise.*\n {2}\| Duplicate column\n$/m,
    );
    expect(machine().exists("root/migrations")).to.equal(false);
  });

  it("suggests no restore when it fails on an empty schema", () => {
    machine().write("upgrade", 'op.create_table("users")');
    machine().write("broken", "");
    const { status, stderr } = migrate();
    expect(status).to.equal(1);
    expect(stderr).to.include("from revision none to b2 failed").and.include("is at no revision");
    expect(stderr).to.match(
      /^remedy: correct the migration, then: pulumi config set appCommit HASH && pulumi up$/m,
    );
  });
});
