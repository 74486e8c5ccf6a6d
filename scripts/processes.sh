#!/usr/bin/env bash
# processes.sh start COLOUR PROCESSES: runs what the app's Procfile has beside web, from the image of the service COLOUR of
#   compose.yml. PROCESSES is what describe-app.sh prints. Fails if one of them ends at once: its log comes first, the reason is
#   the last line.
# processes.sh remove COLOUR: ends those of a service, each when it has finished its job, or after the time of procfile.py.
set -euo pipefail
. "$(dirname "$0")/common.sh"
colour=$2 processes=${3:-}
file=$root/processes.$colour.yml

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

start() {
  local services name
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
}

"$1"
