#!/usr/bin/env bash
# deploy.sh IMAGE: releases an image that is built, from the checks before it to the record of it.
# Each step is a script that can be run by hand. Run it by deploy-lock.sh.
set -euo pipefail
. "$(dirname "$0")/common.sh"
image=$("$bin/released-image.sh" "$1")
commit=$(docker image inspect --format "$revision_label" "$image")
export releasing=1 # for the steps
seconds=() revision='' now=preflight before=$(active_service)

# changed STEP: whether a release that failed in this step has changed the schema, or serves.
changed() {
  if [ "$1" = preflight ]; then return 1; fi
  [ -e "$last_backup" ] || [ "$(active_service)" != "$before" ] || [ "$(live_revision)" != "$revision" ]
}
# failed STEP STATUS: a failed release that has changed something is part of the history.
failed() {
  if ! changed "$1"; then exit "$2"; fi
  if [ "$(active_service)" != "$before" ]; then
    echo "note: commit $commit serves, although its release failed in the step $1"
  else
    echo "note: the schema stays at revision $(live_revision), and was at ${revision:-none}$(
      if [ -e "$last_backup" ]; then echo "; its backup: $(cat "$last_backup")"; fi
    )"
  fi
  "$bin/release-history.sh" add "$image" "failed $1 ${seconds[*]}" || true # it has said why
  exit "$2"
}
# step SCRIPT ARGUMENT…
step() {
  local began=$EPOCHREALTIME
  now=$1
  "$bin/$1.sh" "${@:2}" || failed "$1" $?
  seconds+=("$1=$(awk "BEGIN { printf \"%.1f\", $EPOCHREALTIME - $began }")")
}

# A signal reaches the step, too, which ends first.
trap 'holds_lock && failed "$now" 143; exit 143' TERM INT HUP
echo "releasing commit $commit"
rm -f "$last_backup"
description=$("$bin/describe-app.sh" "$commit")
eval "$description"
# Steps before the first cut-over run commands by compose.yml, too.
if [ ! -s "$variables" ]; then echo "ROOT=$root" >"$variables"; fi
step preflight "$processes"
revision=$(live_revision)
step updates
if [ "${APP_REDIS:-false}" = true ]; then step redis start; fi
step migrate "$image"
if [ -n "$release_line" ]; then step release-line "$image"; fi
step certificate-store load
step cut-over "$image"
rm -f "$unfinished"
step verify "$image"
"$bin/release-history.sh" add "$image" "${seconds[*]}"
trap - TERM INT HUP
total=$(awk -F '[= ]' '{ for (i = 2; i <= NF; i += 2) sum += $i; printf "%.0f", sum }' <<<"${seconds[*]}")
if [ -n "$revision" ] && [ "$(live_revision)" != "$revision" ]; then
  echo "note: the schema has changed, so $ops rollback$flags is refused from here. The ways back: a corrected commit;$(
    if [ -e "$last_backup" ]; then echo " or, losing rows written since: $ops restore $(cat "$last_backup")$flags"; fi
  )"
fi
# From here nothing ends the release. Who fails has said why.
"$bin/redis.sh" remove || true
"$bin/check-domain.sh" || true
"$bin/certificate.sh" await || true
"$bin/certificate-store.sh" save || true
"$bin/publish-status.sh" || true
"$bin/prune.sh"
number=$("$bin/release-history.sh" | tail -n 1 | cut -f 1)
echo "release $number serves commit $commit: $APP_URL"
echo "released in $total s: $(printf '%s s, ' "${seconds[@]/=/ }" | sed 's/, $//')"
