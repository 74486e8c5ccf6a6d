#!/usr/bin/env bash
# cut-over.sh IMAGE [ACTION]: starts the image beside what serves, and passes the requests over once it is
# proven. Whatever fails or ends it, the old version goes on serving. ACTION is recorded: release, the default, rollback or undo.
set -euo pipefail
. "$(dirname "$0")/common.sh"
# shellcheck source=cut-over-proxy.sh
. "$bin/cut-over-proxy.sh"
image=$1 action=${2:-release}
old=$(active_service)
before=$root/before # what a cut-over that fails puts back; it exists while one runs, and after one that was killed
# Of an image by the app's own Dockerfile: write_environment has noted it.
old_own_port=$(sed -n 's/^PORT=//p' "$root/$old.env" 2>/dev/null || true)
if [ "$old" = blue ]; then new=green; else new=blue; fi
[ -n "${ADDRESS:-}" ] ||
  fail "the last $pulumi up installed new scripts, and ended before it wrote their settings" "run it again: $pulumi up$flags"
# put_back NAME FILE: a rename, which a full disk does not prevent.
put_back() { if [ -e "$before/$1" ]; then mv "$before/$1" "$2"; fi; }
# put_back_configuration: after a cut-over that was killed, nobody knows whether what it has written works.
put_back_configuration() {
  put_back release.env "$variables"
  put_back Caddyfile "$proxy/Caddyfile"
}
put_back_configuration
rm -rf "$before"

if [ "$action" = release ]; then
  describe "$image"
else
  # A setting that has just been changed does not stand in the way of a rollback.
  as_served "$image"
  description=''
fi
described=$descriptions/${image##*:}
# What give_up shows: the log of a service, if it names one, and what a failed command has said; and its remedy.
evidence='' until=''
suspect=$new remedy="correct the app${old:+, or set appCommit back to the commit that serves: $(serving_commit)}"
if [ "$image" != "$(unpatched "$image")" ]; then
  remedy="name in the app's repository the versions of packages that it needs, for a patch takes the newest;
        then: $(release_command HASH)"
fi

# variable NAME: its value in the release that serves.
variable() { sed -n "s/^$1=//p" "$variables" 2>/dev/null || true; }

if [ "$action" != release ]; then PROXY_IMAGE=$(variable PROXY_IMAGE | grep . || echo "$PROXY_IMAGE"); fi

# keep_before: copies what put_back needs, all of it or nothing.
keep_before() {
  rm -rf "$before.new"
  mkdir "$before.new"
  if [ -e "$variables" ]; then cp "$variables" "$before.new/release.env"; fi
  if [ -e "$proxy/Caddyfile" ]; then cp "$proxy/Caddyfile" "$before.new/Caddyfile"; fi
  if [ -e "$described" ]; then cp "$described" "$before.new/description"; fi
  if [ -n "$old" ]; then echo "$old" >"$before.new/active"; fi
  echo "$old_own_port" >"$before.new/own-port"
  mv "$before.new" "$before"
}

# write_variables: those of compose.yml, with the new service's.
write_variables() {
  local service
  proxy_before=$(variable PROXY_IMAGE)
  {
    printf '%s\n' "ROOT=$root" "PROXY_IMAGE=$PROXY_IMAGE" ${APP_FILES:+"FILES=$files:$APP_FILES"}
    for service in BLUE GREEN; do
      if [ "$service" = "${new^^}" ] || ! grep -s "^${service}_" "$variables"; then
        echo "${service}_IMAGE='$image'"
      fi
    done
  } >"$variables.new"
  mv "$variables.new" "$variables"
}

# write_environment: what the new container gets beside app.env.
write_environment() {
  if [ -n "$module" ]; then echo "FLASK_APP=$module"; fi
  # The proxy, which alone can connect, tells the client's address and scheme. The app's own image may have any server, which
  # does not know the PROXY protocol; gunicorn and uvicorn read FORWARDED_ALLOW_IPS.
  if [ -n "$dockerfile" ]; then
    printf '%s\n' "PORT=$port" "FORWARDED_ALLOW_IPS=*"
  else
    echo "GUNICORN_CMD_ARGS=--proxy-protocol --proxy-allow-from=* --forwarded-allow-ips=*"
  fi
}

# pass_to SERVICE [PORT]: sends the next request, and all later ones, to a service; by the PORT of the app's own image.
pass_to() {
  # Between the two the proxy may find the one of before: it does not connect, and tries again. Only a server of the app's own
  # may listen at 5005 and refuse the PROXY protocol, so requests with it come last and end first.
  if [ -n "${2:-}" ]; then replace own-port "$2"; fi
  replace active "$1"
  if [ -z "${2:-}" ]; then replace own-port ''; fi
}
replace() {
  echo "$2" >"$proxy/$1.new"
  mv "$proxy/$1.new" "$proxy/$1"
}

# shellcheck disable=SC2317  # quietly runs it
up() { "${compose[@]}" up --detach --quiet-pull --no-deps "$1"; }

remove() {
  "$bin/ship-logs.sh" last "$1" || true
  "${compose[@]}" rm --force --stop "$1" >/dev/null 2>&1 || true
  "$bin/processes.sh" remove "$1" >/dev/null 2>&1 || true
}

# pass_back: sends requests to the old version again; the order is that of pass_to.
pass_back() {
  if [ -n "$old_own_port" ]; then put_back own-port "$proxy/own-port"; fi
  if [ -n "$old" ]; then put_back active "$proxy/active"; else rm -f "$proxy/active"; fi
  put_back own-port "$proxy/own-port"
}

# undo: back to the old version, and to its proxy. Nothing stops it half way, and it leaves alone what another run has begun
# that got the deploy lock meanwhile.
undo() {
  set +e
  trap - EXIT
  trap '' TERM INT HUP
  holds_lock || exit 1
  if [ -d "$before" ]; then
    put_back_configuration
    if [ -n "$old" ] && [ "$proxy_is_touched" ]; then restore_proxy; fi
    pass_back
    if [ -n "$description" ] && [ ! -e "$before/description" ]; then rm -f "$described"; fi
    put_back description "$described"
    # Its user may have another number than that of the new one.
    if [ -n "$old" ]; then "$bin/files.sh" prepare "$(serving '{{.Config.Image}}')" >/dev/null 2>&1; fi
  fi
  remove "$new"
  rm -rf "$before" "$before.new"
}

# ended: what nobody has foreseen, as a full disk.
# shellcheck disable=SC2317  # the trap runs it
ended() {
  undo
  fail "the cut-over was not finished: $cause${old:+.
       The version before goes on serving}" "if the disk is full, make room: $ops ssh$flags -- df -h
        then run the same command again"
}

# give_up WHAT: undoes what was done, and shows the log of the suspect.
give_up() {
  local logs=''
  if [ -n "$suspect" ]; then
    logs=$("${compose[@]}" logs --no-color --no-log-prefix --tail 200 ${until:+--until "$until"} "$suspect" 2>&1 | without_probes) || true
  fi
  logs=${logs:+$logs$'\n'}$evidence
  undo
  fail "$1${old:+.
       The version before goes on serving}" "$remedy" "$logs"
}

# start_new: the new version, until it answers and uses the database.
start_new() {
  local id restarts address said try answered=0 began=$SECONDS
  remove "$new" # what a release that was cut off may have left
  quietly up "$new" || give_up "the container of $image did not start"
  id=$("${compose[@]}" ps --all --quiet "$new")
  for ((try = 0; ; try++)); do
    # A container that was started again may have another address.
    read -r restarts address _ < <(docker inspect --format "{{.RestartCount}} $address_template" "$id")
    if said=$("$bin/check-page.sh" "$address:$port" "$health_path" "$health_status"); then break; fi
    if [ "$restarts" != 0 ]; then
      # It is started again and again: the log up to the last start ends with the cause.
      until=$(docker inspect --format '{{if not .State.Restarting}}{{.State.StartedAt}}{{end}}' "$id")
      # Where several workers end at the same time, gunicorn adds some 40 lines of its own after the app's error.
      evidence_lines=90
      give_up "the app ends as soon as it is started"
    fi
    # Some apps answer with an error while they begin.
    if [[ $said == status\ * ]]; then answered=$((answered + 1)); else answered=0; fi
    if [ "$answered" -gt 5 ]; then
      remedy+="
        or set appHealthPath to a page that answers with $health_status without a login;
        or set appHealthStatus to what it answers"
      give_up "the app answers GET $health_path with ${said% }, not $health_status"
    fi
    # A check takes up to 5 s.
    if [ "$try" -ge 90 ] || [ $((SECONDS - began)) -ge 90 ]; then
      if [ -n "$dockerfile" ]; then
        remedy+="
        or have it listen at 0.0.0.0, port $port, which is in the variable PORT;
        or set appPort to the port at which it listens"
      fi
      give_up "the app does not answer GET $health_path${dockerfile:+ at port $port} 90 s after the start: $said"
    fi
    sleep 1
  done
  if [ "$database_check" = true ]; then check_database; fi
  # Docker's default.
  if ! quietly docker update --cpu-shares 1024 "$id"; then
    remedy="see what Docker says, then: $pulumi up$flags"
    give_up "the container of $image does not get more processor time"
  fi
}

# check_database: the new version has its data in it.
check_database() {
  if ! quietly "$bin/check-database-connection.sh" "$new" "$port" "$health_path" "$health_status"; then
    remedy+="
        or, if that is right, set appHealthPath to a page that reads the database;
        or set appDatabaseCheck to false if no page without a login reads it;
        or set appDatabase to false if the app has none"
    give_up "${evidence##*$'\n'}"
  fi
}

# start_processes: beside the new version, and beside those of the old one.
start_processes() {
  local reason
  if quietly "$bin/processes.sh" start "$new" "$processes"; then return; fi
  reason=${evidence##*$'\n'}
  # Its log tells more than that of the service.
  suspect='' evidence=${evidence%"$reason"}
  evidence=${evidence%$'\n'}
  give_up "$reason"
}

# is_busy PID PORT: whether a process's container still has a request: a connection in state 01, established, at its port.
# Those of the health check that an earlier version gave it are local. The table is long on a busy machine, so one program reads all of it.
is_busy() {
  { cat "/proc/$1/net/tcp" "/proc/$1/net/tcp6" 2>/dev/null || true; } |
    awk -v port="$(printf ':%04X$' "$2")" '$2 ~ port && $4 == "01" && $2 $3 !~ /0100007F/ { busy = 1 } END { exit !busy }'
}

# drain: waits until the old version has answered all that it had. Half a minute is the longest that gunicorn lets a
# request take.
drain() {
  local try pid
  pid=$(docker inspect --format '{{.State.Pid}}' "$("${compose[@]}" ps --quiet "$old")" 2>/dev/null) || return 0
  for ((try = 0; try < 150; try++)); do
    if ! is_busy "$pid" "${old_own_port:-5005}"; then return; fi
    sleep 0.2
  done
}

mkdir -p "$proxy" "$descriptions"
# Also after a run that ended between the two files of pass_to.
replace own-port "$old_own_port"
cause='a command failed, which has said why' proxy_is_touched=''
trap ended EXIT
trap 'cause="a signal ended it"; exit 143' TERM INT HUP
keep_before
# It has said why.
"$bin/files.sh" prepare "$image" || {
  undo
  exit 1
}
write_variables
write_environment >"$root/$new.env"
start_new
start_processes
# Before requests pass to it: rollback, schedule and status read what serves from it.
if [ -n "$description" ]; then
  echo "$description" >"$described.new"
  mv "$described.new" "$described"
fi
if [ -z "$dockerfile" ]; then
  # Before its configuration changes: the new version understands what that sends, and also what the old one did.
  pass_to "$new"
  start_proxy
else
  # The configuration of an earlier version sends all requests with the PROXY protocol, to port 5005.
  start_proxy
  pass_to "$new" "$port"
fi
# The proxy may just have been started, and takes a moment to listen: until then Docker resets connections.
evidence=$(get_page --show-error --retry 10 --retry-delay 1 --retry-all-errors --retry-max-time 40 --max-time 30 \
  --output /dev/null --write-out '\n%{http_code}' 2>&1) || true
status=${evidence##*$'\n'}
[ "$status" = "$health_status" ] || give_up "the app's page is not served through the proxy: status ${status:-000}, not $health_status"
evidence=''
# The new version serves. From here nothing is undone.
trap - EXIT TERM INT HUP
rm -rf "$before"
recorded=0
"$bin/serving.sh" record "$image" "$action" || recorded=$?
if [ -n "$old" ]; then
  drain
  "$bin/ship-logs.sh" last "$old" || true
  "${compose[@]}" rm --force --stop "$old" >/dev/null
  "$bin/processes.sh" remove "$old"
fi
exit "$recorded"
