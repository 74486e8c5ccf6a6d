#!/usr/bin/env bash
# processes.sh start COLOUR PROCESSES: runs what the app's Procfile has beside web, from the image of the service COLOUR of
#   compose.yml. PROCESSES is what describe-app.sh prints. Fails if one of them ends at once: its log comes first, the reason is
#   the last line.
# processes.sh check COLOUR PROCESSES: fails if tasks are to run them and cannot.
# processes.sh hand-over: ends those of this machine, because tasks run them. From then on start ends those that it has proven. The
#   file $workers_on_tasks says so, which start removes where the setting appWorkerTasks is 0 again. Run it by deploy-lock.sh.
# processes.sh remove COLOUR: ends those of a service, each when it has finished its job, or after the time of procfile.py.
set -euo pipefail
. "$(dirname "$0")/common.sh"
colour=${2:-} processes=${3:-}
file=$root/processes.$colour.yml
workers_on_tasks=$root/workers-on-tasks

containers() { docker ps --all --quiet --filter "label=flask-on-aws.colour=$colour"; }

# write_file PROCESSES. The file is never removed: another program may be about to read it.
write_file() {
  python3 -B "$bin/procfile.py" "$colour" "$bin/compose.yml" <<<"$1" >"$file.new"
  mv "$file.new" "$file"
}

# By the label, because a release that was cut off may have left some that the file does not name.
remove() {
  local ids
  mapfile -t ids < <(containers)
  if [ "${#ids[@]}" -gt 0 ]; then
    docker stop "${ids[@]}" >/dev/null
    "$bin/ship-logs.sh" last || true
    docker rm --force "${ids[@]}" >/dev/null
  fi
  if [ -e "$file" ]; then write_file ''; fi
}

# ended: the first process that does not run, or was started again.
ended() {
  containers |
    xargs docker inspect --format '{{index .Config.Labels "flask-on-aws.process"}} {{.State.Status}} {{.RestartCount}}' |
    awk '$2 != "running" || $3 > 0 { print $1; exit }'
}

# Several containers of one task would end together when one of them does.
check() {
  local names
  if [ -z "${TASKS_WORKERS:-}" ]; then return; fi
  names=$(awk '{ print $1 }' <<<"$processes" | paste --serial --delimiters ,)
  if [ -n "$names" ] && [[ $names != *,* ]]; then return; fi
  fail "appWorkerTasks needs a Procfile with one process beside web and release, and this one has ${names:-none}" \
    "have the app server run what there is: $pulumi config set appWorkerTasks 0$flags && $pulumi up$flags
        or release a commit with such a Procfile: $(release_command HASH)" ''
}

hand_over() {
  touch "$workers_on_tasks"
  for colour in blue green; do
    file=$root/processes.$colour.yml
    remove
  done
}

start() {
  local services name
  if [ -z "${TASKS_WORKERS:-}" ]; then rm -f "$workers_on_tasks"; fi
  if [ -z "$processes" ]; then return; fi
  write_file "$processes"
  set_compose
  mapfile -t services < <(sed "s/ .*//; s/^/$colour-/" <<<"$processes")
  if ! quietly "${compose[@]}" up --detach --no-deps "${services[@]}"; then
    printf '%s\n' "$evidence" "the containers of the Procfile's processes did not start"
    exit 1
  fi
  # An app is imported within this time, also beside another one on a small machine.
  for _ in {1..10}; do
    sleep 1
    name=$(ended)
    if [ -n "$name" ]; then
      "${compose[@]}" logs --no-color --no-log-prefix --tail 28 "$colour-$name" 2>&1 | without_probes
      echo "the process $name of the Procfile ends as soon as it is started"
      exit 1
    fi
  done
  # They have proven themselves. Until tasks run the first version, nobody else works the queue.
  if [ -e "$workers_on_tasks" ]; then remove; fi
}

"${1//-/_}"
