import type { FakeMachine } from "./machine.ts";

/** Prepares an app server for rollbacks: what serves is in the home's file `serves`, and cut-over.sh changes that alone. */
export function prepareRollback(machine: FakeMachine): void {
  machine.mysql({ "SHOW?TABLES?LIKE*": "alembic_version", "SELECT?version_num*": "a1" });
  machine.fake(
    "docker",
    `case "$*" in
    *revision*app:*) echo "commit-of-\${*: -1}" ;;
    *.Id*app:*) echo sha256:beef ;;
    "inspect --format {{.Config.Image}} serving") cat '${machine.home}/serves' ;;
    "inspect --format "*revision*" serving") echo "commit-of-$(cat '${machine.home}/serves')" ;;
    "image inspect app:gone") exit 1 ;;
    esac`,
  );
  machine.script(
    "cut-over.sh",
    `log "switch $*"; "$(dirname "$0")/serving.sh" record "$1" "$2"; echo "$1" >'${machine.home}/serves'`,
  );
  for (const name of ["verify", "publish-status"]) machine.script(`${name}.sh`, `log "${name} $*"`);
  machine.fake("docker-compose", `[ "\${*: -3}" = "ps --quiet green" ] && echo serving`);
  machine.write("root/proxy/active", "green\n");
}
