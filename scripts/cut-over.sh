#!/usr/bin/env bash
# cut-over.sh IMAGE PROXY_IMAGE [ACTION]: starts the image beside what serves, and passes the requests over once it is
# proven. Whatever fails, the old version goes on serving. ACTION is recorded: release, the default, rollback or undo.
set -euo pipefail
. "$(dirname "$0")/common.sh"
image=$1 proxy_image=$2 action=${3:-release}
old=$(active_service)
if [ "$old" = blue ]; then new=green; else new=blue; fi
# What give_up shows: the log of a service, and what a failed command has said; and its remedy.
evidence=
suspect=$new remedy="correct the app${old:+, or set appCommit back to the commit that serves: $(serving_commit)}"

# container SERVICE: its id; nothing if there is none.
container() { "${compose[@]}" ps --all --quiet "$1"; }

# variable NAME: its value in the release that serves.
variable() { sed -n "s/^$1=//p" "$variables" 2>/dev/null || true; }

# write_variables: those of compose.yml, with the image as the new service's. The old ones stay beside.
write_variables() {
  local blue green
  blue=$(variable BLUE_IMAGE) green=$(variable GREEN_IMAGE)
  if [ -n "$old" ]; then cp "$variables" "$variables.before"; fi
  if [ "$new" = blue ]; then blue=$image; else green=$image; fi
  printf '%s\n' "ROOT=$root" "PROXY_IMAGE=$proxy_image" "BLUE_IMAGE=${blue:-$image}" "GREEN_IMAGE=${green:-$image}" >"$variables.new"
  mv "$variables.new" "$variables"
}

# pass_to SERVICE: has the proxy pass requests to a service from the next one on.
pass_to() {
  echo "$1" >"$proxy/active.new"
  mv "$proxy/active.new" "$proxy/active"
}

# shellcheck disable=SC2317  # quietly runs it
up() { "${compose[@]}" up --detach --quiet-pull --no-deps "$@"; }

remove() { "${compose[@]}" rm --force --stop "$1" >/dev/null 2>&1 || true; }

# give_up WHAT: back to the old version, and to its proxy.
give_up() {
  local logs
  logs=$("${compose[@]}" logs --no-color --no-log-prefix --tail 200 "$suspect" 2>&1 | without_probes) || true
  logs=${logs:+$logs$'\n'}$evidence
  if [ -z "$old" ]; then
    rm -f "$proxy/active" # else the next release would take the failed one for the version before
  else
    mv "$variables.before" "$variables"
    if [ "$(active_service)" != "$old" ]; then pass_to "$old"; fi
    if [ "$suspect" = proxy ]; then up proxy 2>/dev/null || true; fi
  fi
  remove "$new"
  fail "$1${old:+.
       The version before goes on serving}" "$remedy" "$logs"
}

# start_new: the new version, until it answers and uses the database.
start_new() {
  local id health restarts second
  remove "$new" # what a release that was cut off may have left
  quietly up "$new" || give_up "the container of $image did not start"
  id=$(container "$new")
  for ((second = 0; ; second++)); do
    read -r health restarts < <(docker inspect --format '{{.State.Health.Status}} {{.RestartCount}}' "$id")
    if [ "$health" = healthy ]; then break; fi
    if [ "$restarts" != 0 ]; then give_up "the app ends as soon as it is started"; fi
    if [ "$second" -ge 90 ]; then
      give_up "the app's page is not served $second s after the start: $(
        docker inspect --format '{{with .State.Health}}{{range .Log}}{{println .Output}}{{end}}{{end}}' "$id" | grep . | tail -n 1
      )"
    fi
    sleep 1
  done
  quietly "$bin/check-database-connection.sh" "$new" || give_up "${evidence##*$'\n'}"
}

# start_proxy: the proxy, with its configuration. One that runs already gets a new configuration without a restart, and
# does nothing if it is the same.
start_proxy() {
  local running
  suspect=proxy remedy="correct the setting proxyImage ($proxy_image), or set it back"
  running=$(container proxy)
  sed "s/@UPLOAD_LIMIT@/$UPLOAD_LIMIT/" "$bin/Caddyfile" >"$proxy/Caddyfile.new"
  mv "$proxy/Caddyfile.new" "$proxy/Caddyfile"
  if [ -e "$root/nginx" ]; then replace_nginx; fi
  quietly up proxy || give_up "the proxy did not start"
  if [ -n "$running" ] && [ "$(container proxy)" = "$running" ]; then
    quietly "${compose[@]}" exec -T proxy caddy reload --config /etc/caddy/Caddyfile || give_up "the proxy refused its configuration"
  fi
}

# replace_nginx: frees the proxy's port, which nginx has on a machine of an earlier version, once the proxy's image is there.
replace_nginx() {
  quietly up --no-start proxy || give_up "the proxy did not start"
  docker rm --force flask-on-aws-nginx-1 >/dev/null
  pass_to "${old:-$new}"
  rm -r "$root/nginx"
}

# Whether the old version has a request that it has not answered: an established connection, which is state 01, at port
# 5005, which is 138D. The connections of its own health check are local.
# shellcheck disable=SC2317  # drain runs it
is_busy() {
  "${compose[@]}" exec -T "$old" cat /proc/net/tcp 2>/dev/null | grep -v ' 0100007F:' |
    grep -qE '^ *[0-9]+: [0-9A-F]+:138D [0-9A-F]+:[0-9A-F]+ 01 '
}

# drain: until the old version has answered all that it had. Half a minute is the longest that gunicorn lets a request take.
drain() {
  local try
  for ((try = 0; try < 150; try++)); do
    if ! is_busy; then return; fi
    sleep 0.2
  done
}

mkdir -p "$proxy"
write_variables
start_new
if [ -z "$old" ]; then pass_to "$new"; fi
start_proxy
pass_to "$new"
# The proxy may just have been started, and takes a moment to listen: until then Docker resets connections.
quietly curl --silent --show-error --fail --user-agent flask-on-aws-check --retry 10 --retry-delay 1 --retry-all-errors --max-time 30 --output /dev/null "$page" ||
  give_up "the app's page is not served through the proxy"
recorded=0
"$bin/serving.sh" record "$image" "$action" || recorded=$?
if [ -n "$old" ]; then
  drain
  "${compose[@]}" rm --force --stop "$old" >/dev/null
fi
exit "$recorded"
