#!/usr/bin/env bash
# cut-over.sh IMAGE [ACTION]: starts the image beside what serves, and passes the requests over once it is
# proven. Whatever fails, the old version goes on serving. ACTION is recorded: release, the default, rollback or undo.
set -euo pipefail
. "$(dirname "$0")/common.sh"
image=$1 action=${2:-release}
old=$(active_service)
# Of an image by the app's own Dockerfile: write_environment has noted it.
old_own_port=$(sed -n 's/^PORT=//p' "$root/$old.env" 2>/dev/null || true)
if [ "$old" = blue ]; then new=green; else new=blue; fi
[ -n "${ADDRESS:-}" ] ||
  fail "the last $pulumi up installed new scripts, and ended before it wrote their settings" "run it again: $pulumi up$flags"
if [ "$action" = release ]; then
  describe "$image"
else
  # A setting that has just been changed does not stand in the way of a rollback.
  as_served "$image"
  description=''
fi
# What give_up shows: the log of a service, if it names one, and what a failed command has said; and its remedy.
evidence='' until=''
suspect=$new remedy="correct the app${old:+, or set appCommit back to the commit that serves: $(serving_commit)}"

# variable NAME: its value in the release that serves.
variable() { sed -n "s/^$1=//p" "$variables" 2>/dev/null || true; }

if [ "$action" != release ]; then PROXY_IMAGE=$(variable PROXY_IMAGE | grep . || echo "$PROXY_IMAGE"); fi

# write_variables: those of compose.yml, with the new service's. The old ones stay beside.
write_variables() {
  local service
  if [ -n "$old" ]; then cp "$variables" "$variables.before"; fi
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
  "${compose[@]}" rm --force --stop "$1" >/dev/null 2>&1 || true
  "$bin/processes.sh" remove "$1" >/dev/null 2>&1 || true
}

# give_up WHAT: back to the old version, and to its proxy.
give_up() {
  local logs=''
  if [ -n "$suspect" ]; then
    logs=$("${compose[@]}" logs --no-color --no-log-prefix --tail 200 ${until:+--until "$until"} "$suspect" 2>&1 | without_probes) || true
  fi
  logs=${logs:+$logs$'\n'}$evidence
  if [ -z "$old" ]; then
    rm -f "$proxy/active" # or the next release treats the failed version as the one that serves
  else
    mv "$variables.before" "$variables"
    if [ "$suspect" = proxy ]; then restore_proxy || true; fi
    if [ "$(active_service)" != "$old" ]; then pass_to "$old" "$old_own_port" || true; fi
    # Its user may have another number than that of the new one.
    "$bin/files.sh" prepare "$(serving '{{.Config.Image}}')" >/dev/null 2>&1 || true
  fi
  remove "$new"
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

# proxy_configuration: for the address of the app.
proxy_configuration() {
  local scheme=${APP_URL%%:*} without=() authority_file
  # Another certificate has another name, or the proxy would see no change.
  authority_file=acme-ca-$(cksum <<<"$ACME_CA_CERTIFICATE" | cut -d ' ' -f 1).pem
  # Let's Encrypt issues certificates of addresses in this profile only; other CAs have no such profile.
  if [[ ! $host =~ ^[0-9.]+$ ]] || [[ $ACME_DIRECTORY != *.letsencrypt.org/* ]]; then without+=(-e '/profile shortlived/d'); fi
  # For addresses there is no HSTS.
  if [[ $host =~ ^[0-9.]+$ ]]; then without+=(-e '/Strict-Transport-Security/d'); fi
  if [ -z "$ACME_EMAIL" ]; then without+=(-e '/@ACME_EMAIL@/d'); fi
  if [ -n "$ACME_CA_CERTIFICATE" ]; then
    echo "$ACME_CA_CERTIFICATE" >"$proxy/$authority_file"
  else
    without+=(-e '/acme_ca_root/d')
  fi
  cat "$bin/Caddyfile" "$bin/Caddyfile.$scheme" | sed "${without[@]}" -e "s/@UPLOAD_LIMIT@/$UPLOAD_LIMIT/" \
    -e "s/@HOST@/$host/" -e "s|@ACME_DIRECTORY@|$ACME_DIRECTORY|" -e "s/@ACME_EMAIL@/$ACME_EMAIL/" \
    -e "s/@ACME_CA_FILE@/$authority_file/"
}

# start_proxy: the proxy, with its configuration. A running proxy loads it without a restart; an unchanged one changes
# nothing.
start_proxy() {
  local before ca_before is_changed=''
  rm -f "$proxy/Caddyfile.before" # of an earlier release, which give_up must not restore
  suspect=proxy remedy="correct the setting proxyImage ($PROXY_IMAGE), acmeDirectory or acmeCaCertificate, or set it back"
  # A setting that has just been changed does not stand in the way of a rollback.
  if [ "$action" != release ] && [ -e "$proxy/Caddyfile" ]; then
    cp "$proxy/Caddyfile" "$proxy/Caddyfile.new"
  else
    proxy_configuration >"$proxy/Caddyfile.new"
  fi
  cmp --quiet "$proxy/Caddyfile.new" "$proxy/Caddyfile" || is_changed=1
  if [ "$PROXY_IMAGE" != "$proxy_before" ] || [ "$is_changed" ]; then
    # What does not fit is refused before anything that serves is changed.
    quietly "${compose[@]}" run --rm --no-deps -T proxy caddy validate --config /etc/caddy/Caddyfile.new --adapter caddyfile ||
      give_up "the proxy refuses its configuration"
  fi
  if [ -e "$root/nginx" ]; then replace_nginx; fi
  before=$(proxy_run)
  ca_before=$(authority_in "$proxy/Caddyfile")
  if [ "$is_changed" ]; then touch "$asked"; fi
  if [ -e "$proxy/Caddyfile" ]; then cp "$proxy/Caddyfile" "$proxy/Caddyfile.before"; fi
  mv "$proxy/Caddyfile.new" "$proxy/Caddyfile"
  quietly up proxy || give_up "the proxy did not start"
  # One that has just been started has read the configuration.
  if [ -z "$before" ] || [ "$(proxy_run)" != "$before" ]; then return; fi
  if [ -n "$ca_before" ] && [ "$ca_before" != "$(authority_in "$proxy/Caddyfile")" ]; then
    # A reload would keep the certificate of the CA before.
    quietly "${compose[@]}" restart proxy || give_up "the proxy did not start"
  else
    quietly "${compose[@]}" exec -T proxy caddy reload --config /etc/caddy/Caddyfile || give_up "the proxy refuses its configuration"
  fi
}

# authority_in FILE: the CA that a configuration names.
authority_in() { sed -n 's/^\tacme_ca //p' "$1" 2>/dev/null || true; }

# proxy_run: which container is the proxy, and when it was started; nothing if it does not run.
proxy_run() {
  local id
  id=$("${compose[@]}" ps --quiet proxy)
  if [ -n "$id" ]; then docker inspect --format '{{.Id}} {{.State.StartedAt}}' "$id"; fi
}

# restore_proxy: the proxy of before, with its configuration.
restore_proxy() {
  if [ -e "$proxy/Caddyfile.before" ]; then mv "$proxy/Caddyfile.before" "$proxy/Caddyfile"; fi
  up proxy 2>/dev/null
  "${compose[@]}" exec -T proxy caddy reload --config /etc/caddy/Caddyfile 2>/dev/null
}

# replace_nginx: removes the nginx of an earlier version, which holds the proxy's port.
replace_nginx() {
  quietly docker rm --force flask-on-aws-nginx-1 || give_up "nginx, the proxy of before, cannot be removed"
  rm -r "$root/nginx"
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

mkdir -p "$proxy"
# Also after a run that ended between the two files of pass_to.
replace own-port "$old_own_port"
"$bin/files.sh" prepare "$image"
write_variables
write_environment >"$root/$new.env"
start_new
start_processes
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
if [ -n "$description" ]; then
  mkdir -p "$descriptions"
  echo "$description" >"$descriptions/${image##*:}"
fi
recorded=0
"$bin/serving.sh" record "$image" "$action" || recorded=$?
if [ -n "$old" ]; then
  drain
  "${compose[@]}" rm --force --stop "$old" >/dev/null
  "$bin/processes.sh" remove "$old"
fi
exit "$recorded"
