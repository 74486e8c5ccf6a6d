/** A machine on which scripts/migrate.sh succeeds, until a test breaks something. */
import { expect } from "chai";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { FakeMachine } from "./machine.ts";

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

/** Makes the machine for each test of a suite, and removes it. Call it in `describe`. */
export function migrationMachine() {
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

  return { machine: () => machine, describesApp, migrate, succeeds, revisions };
}
