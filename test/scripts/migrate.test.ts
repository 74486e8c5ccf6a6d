import { expect } from "chai";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Machine } from "./machine.ts";

/**
 * Plays `docker run … IMAGE flask db …` on the mounted directory. In the machine's home, `commit` is
 * what the image is made of, `upgrade` is the code of the next difference, and `applied`
 * is what the database calls its revision.
 */
const docker = (home: string) => `
log "$@"
if [ "$1 $2" = "image inspect" ]; then cat '${home}/commit'; exit; fi
while [ "$1" != IMAGE ]; do [ "$1" = --volume ] && volume=\${2%%:/migrations}; shift; done
shift
case "$*" in
"flask db upgrade") echo own >'${home}/applied' ;;
"flask db init "*) mkdir "$volume/versions"; touch "$volume/env.py" ;;
"flask db revision "*) touch "$volume/versions/$7_found.py" ;;
"flask db migrate "*)
  [ ! -e '${home}/upgrade' ] || printf 'def upgrade():\\n    %s\\n\\n\\ndef downgrade():\\n    op.drop_column("old")\\n' \\
    "$(cat '${home}/upgrade')" >"$volume/versions/b2_.py" ;;
"flask db upgrade "*)
  [ ! -e '${home}/broken' ] || exit 1
  if [ -e "$volume/versions/b2_.py" ]; then echo b2 >'${home}/applied'; fi ;;
esac`;

describe("The migration", () => {
  let machine: Machine;
  beforeEach(() => {
    machine = new Machine();
    fetch(app);
    machine.fake("docker", docker(machine.home));
    machine.fake(
      "mysql",
      `case "$*" in
      *SHOW*) [ ! -e '${machine.home}/applied' ] || echo alembic_version ;;
      *) cat '${machine.home}/applied' ;;
      esac`,
    );
  });
  afterEach(() => machine.remove());

  const app = { Dockerfile: "", "docker-compose.yml": "", "requirements.txt": "", "run.py": "" };
  const fetch = (files: Record<string, string>) => {
    const { address, commit } = machine.repository(files);
    machine.run("fetch.sh", [address, commit]);
    machine.write("commit", `${commit}\n`);
  };
  const migrate = () => machine.run("migrate.sh", ["IMAGE"]);
  const revisions = () => readdirSync(join(machine.root, "migrations/versions")).sort();

  it("upgrades by the app's own migrations when it ships them", () => {
    fetch({ ...app, "migrations/env.py": "" });
    expect(migrate().status).to.equal(0);
    expect(machine.read("applied")).to.equal("own\n");
    expect(machine.log).to.not.include("flask db migrate");
  });

  it("generates the difference when the app ships none, and keeps it", () => {
    machine.write("upgrade", 'op.create_table("users")');
    const outcome = migrate();
    expect(outcome.status, outcome.stderr).to.equal(0);
    expect(revisions()).to.deep.equal(["b2_.py"]);
    expect(machine.read("applied")).to.equal("b2\n");
    expect(machine.exists("root/migrations.new")).to.equal(false);
  });

  it("gives the container the settings as a file, and the files to the login user", () => {
    migrate();
    expect(machine.log).to.include(`--env-file ${machine.root}/app.env`);
    expect(machine.log).to.include(`--user ${process.getuid!()}:${process.getgid!()}`);
  });

  it("begins a history only once", () => {
    machine.write("upgrade", 'op.create_table("users")');
    migrate();
    migrate();
    expect(machine.log.match(/flask db init/g)).to.have.length(1);
    expect(machine.log).to.not.include("flask db revision");
  });

  it("takes the database's revision as the first one when the files are gone", () => {
    machine.write("applied", "a1\n");
    const outcome = migrate();
    expect(outcome.status, outcome.stderr).to.equal(0);
    expect(revisions()).to.deep.equal(["a1_found.py"]);
  });

  for (const code of ['op.drop_table("users")', 'batch_op.drop_column("email")']) {
    it(`refuses ${code}, and keeps nothing of it`, () => {
      machine.write("upgrade", code);
      const { status, stderr } = migrate();
      expect(status).to.equal(1);
      expect(stderr)
        .to.match(/^error: the database has what the models lack/m)
        .and.include(code);
      expect(machine.exists("applied")).to.equal(false);
      expect(machine.exists("root/migrations")).to.equal(false);
      machine.write("upgrade", 'op.create_table("users")');
      expect(migrate().status).to.equal(0);
    });
  }

  it("starts from the database again after an upgrade that failed", () => {
    machine.write("upgrade", 'op.create_table("users")');
    machine.write("broken", "");
    const { status, stderr } = migrate();
    expect(status).to.equal(1);
    expect(stderr).to.include("error: flask db upgrade failed, see above");
    expect(machine.exists("root/migrations")).to.equal(false);
  });
});
