#!/usr/bin/env bash
# cut-over.sh IMAGE NGINX_IMAGE [ACTION]: starts the image beside what serves, and passes the requests over once it is
# proven. Whatever fails, the old version goes on serving. ACTION is recorded: release, the default, rollback or undo.
set -euo pipefail
. "$(dirname "$0")/common.sh"
image=$1 nginx_image=$2 action=${3:-release}
old=$(active_service)
if [ "$old" = blue ]; then new=green; else new=blue; fi

# container SERVICE: its id; nothing if there is none.
container() { "${compose[@]}" ps --all --quiet "$1"; }

# variable NAME: its value in the release that serves.
variable() { sed -n "s/^$1=//p" "$variables" 2>/dev/null || true; }
blue=$(variable BLUE_IMAGE) green=$(variable GREEN_IMAGE)
if [ -n "$old" ]; then cp "$variables" "$variables.before"; fi
if [ "$new" = blue ]; then blue=$image; else green=$image; fi
printf '%s\n' "ROOT=$root" "NGINX_IMAGE=$nginx_image" "BLUE_IMAGE=${blue:-$image}" "GREEN_IMAGE=${green:-$image}" >"$variables.new"
mv "$variables.new" "$variables"

# pass_to SERVICE: has nginx pass requests to a service from now on.
pass_to() {
  sed "s/@SERVICE@/$1/" "$bin/nginx.conf" >"$nginx/app.conf.new"
  mv "$nginx/app.conf.new" "$nginx/app.conf"
  if [ -z "$(container nginx)" ]; then return; fi
  quietly reload
}
# shellcheck disable=SC2317  # quietly runs it
reload() { "${compose[@]}" exec -T nginx nginx -t -q && "${compose[@]}" exec -T nginx nginx -s reload; }

# What give_up shows: the log of a service, and what a failed command has said; and its remedy.
evidence=
suspect=$new remedy="correct the app${old:+, or set appCommit back to the commit that serves: $(serving_commit)}"
# give_up WHAT: back to the old version, and to its nginx.
give_up() {
  local logs
  logs=$("${compose[@]}" logs --no-color --no-log-prefix --tail 200 "$suspect" 2>&1 | without_probes) || true
  logs=${logs:+$logs$'\n'}$evidence
  if [ -z "$old" ]; then
    rm -f "$nginx/app.conf" # else the next release would take the failed one for the version before
  else
    mv "$variables.before" "$variables"
    if [ "$(active_service)" != "$old" ]; then pass_to "$old" || true; fi
    if [ "$suspect" = nginx ]; then "${compose[@]}" up --detach --quiet-pull --no-deps nginx 2>/dev/null || true; fi
  fi
  "${compose[@]}" rm --force --stop "$new" >/dev/null 2>&1 || true
  fail "$1${old:+.
       The version before goes on serving}" "$remedy" "$logs"
}

mkdir -p "$nginx"
# What a release that was cut off may have left.
"${compose[@]}" rm --force --stop "$new" >/dev/null 2>&1 || true
quietly "${compose[@]}" up --detach --quiet-pull --no-deps "$new" || give_up "the container of $image did not start"
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

# Old workers end when they have answered what they had; until then the old version must be there.
workers() {
  "${compose[@]}" exec -T nginx sh -c 'grep -l "nginx: worker" /proc/[0-9]*/cmdline 2>/dev/null | tr "\n" " "'
}
suspect=nginx remedy="correct the setting nginxImage ($nginx_image), or set it back"
if [ -z "$(container nginx)" ]; then pass_to "$new"; fi
quietly "${compose[@]}" up --detach --quiet-pull --no-deps nginx || give_up "nginx did not start"
before=$(workers 2>&1) || { evidence=$before && give_up "nginx does not run"; }
if [ "$(active_service)" != "$new" ]; then pass_to "$new" || give_up "nginx refused its configuration"; fi
# nginx may just have been started, and takes a moment to listen.
quietly curl --silent --show-error --fail --user-agent flask-on-aws-check --retry 10 --retry-delay 1 --retry-connrefused --max-time 30 --output /dev/null "$page" ||
  give_up "the app's page is not served through nginx"
recorded=0
"$bin/serving.sh" record "$image" "$action" || recorded=$?
if [ -n "$old" ]; then
  # Half a minute is the longest that gunicorn lets a request take.
  for _ in {1..150}; do
    now=" $(workers) "
    busy=
    for worker in $before; do if [[ $now == *" $worker "* ]]; then busy=$worker; fi; done
    if [ -z "$busy" ]; then break; fi
    sleep 0.2
  done
  "${compose[@]}" rm --force --stop "$old" >/dev/null
fi
exit "$recorded"
