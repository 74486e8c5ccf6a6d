# shellcheck shell=bash
# The two programs that run while the lab is up, and what they need. Sourced after lab/shell/processes.sh.

service_runs() { [[ -n $(marked_processes "LAB_SERVICE=$LAB_HOME:$1") ]]; }

# ensure_service NAME COMMAND…: runs COMMAND in the background, its output in log/NAME.log, unless it runs.
ensure_service() {
  local name=$1
  shift
  if service_runs "$name"; then return; fi
  # 9 is the lock of whoever starts the service.
  (cd "$LAB_ROOT" && LAB_SERVICE=$LAB_HOME:$name exec setsid "$@") \
    >>"$LAB_HOME/log/$name.log" 2>&1 </dev/null 9>&- &
  disown
  # Until the new process has its own environment, it would not be found.
  until service_runs "$name" || ! kill -0 $! 2>/dev/null; do sleep 0.02; done
}

# await SERVICE SECONDS WHAT PROBE…: waits until PROBE succeeds; fails with the last lines of SERVICE's log.
await() {
  local service=$1 seconds=$2 what=$3 deadline=$((EPOCHSECONDS + $2)) problem=
  shift 3
  until "$@" 2>/dev/null; do
    if ! service_runs "$service"; then problem="the program behind it has ended"; fi
    if ((EPOCHSECONDS >= deadline)); then problem="not there after $seconds s"; fi
    if [[ $problem ]]; then
      tail -n 20 "$LAB_HOME/log/$service.log" >&2
      fail "$what: $problem; the last lines of its log are above" \
        "mend what they name, then lab/down and lab/up. All of it: $LAB_HOME/log/$service.log"
    fi
    sleep 0.1
  done
}

# api_answers [SECONDS]
api_answers() { curl --silent --fail --max-time "${1:-2}" --noproxy '*' --output /dev/null "$AWS_ENDPOINT_URL/_lab/health"; }

# An API that runs may be slow: moto loads each service at its first call, which takes seconds on a busy machine, and
# the controller makes those calls as soon as the lab is up.
lab_is_up() {
  [[ -f $LAB_HOME/subnet && -f $LAB_HOME/controller.ready ]] && service_runs api && service_runs controller && api_answers 30
}

# refuse_without_memory: a lab that was up and whose API has ended, by a crash or a reboot, has lost what its stacks'
# states speak of; only the controller can be started again.
refuse_without_memory() {
  if [[ -f $LAB_HOME/controller.ready ]] && ! service_runs api; then
    fail "the AWS API of lab '$LAB_NAME' has ended, and with it all that was made there (log: $LAB_HOME/log/api.log)" \
      "lab/down removes what is left, $LAB_HOME included; then the same command starts anew"
  fi
}

# refuse_foreign_lab: two labs of one name, of two clones, would want the same names in Docker. A lab that has ended
# without lab/down, by a reboot or with its clone deleted, cannot go on, so what it left is removed.
refuse_foreign_lab() {
  local home state
  read -r state home < <(docker ps --all --filter "name=^$LAB_NAME-internet\$" \
    --format '{{.State}} {{.Label "flask-on-aws.lab"}}') || return 0
  if [[ $home == "$LAB_HOME" && -f $LAB_HOME/subnet ]]; then return; fi
  # Another user's processes cannot be seen, but a lab of theirs that is up has a container that runs.
  if [[ $state == running || -n $(marked_processes "LAB_SERVICE=$home:api") ]]; then
    fail "lab '$LAB_NAME' of ${home%/.lab/*} has containers with the names that this one's would have" \
      "use another name (LAB_NAME=…), or remove that lab: LAB_NAME=$LAB_NAME ${home%/.lab/*}/lab/down"
  fi
  say "removing what lab '$LAB_NAME' of ${home%/.lab/*} has left, which ended without lab/down"
  remove_docker_objects "$home"
}

# write_stack_config STACK: the stack's settings in the lab, unless they are there.
write_stack_config() {
  local commit file=$LAB_HOME/Pulumi.$1.yaml
  if [[ -f $file ]]; then return; fi
  if [[ ! -f $LAB_ROOT/Pulumi.$1.yaml ]]; then
    fail "stack '$1' has no settings: there is no $LAB_ROOT/Pulumi.$1.yaml" "write that file, as Pulumi.dev.yaml is, or name another stack"
  fi
  commit=$(git --git-dir="$LAB_HOME/share/git/app.git" rev-parse HEAD)
  (cd "$LAB_ROOT" && node lab/support/stack-config.ts "Pulumi.$1.yaml" \
    'appRepository="https://git.lab.test/app.git"' "appCommit=\"$commit\"") >"$file.new"
  mv "$file.new" "$file"
}
