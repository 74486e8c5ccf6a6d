#!/usr/bin/env bash
# deploy.sh IMAGE NGINX_IMAGE: releases an image that is built, from the checks before it to the record of it.
# Each step is a script that can be run by hand. Run it by lease.sh.
set -euo pipefail
. "$(dirname "$0")/common.sh"
image=$1 nginx_image=$2
commit=$(docker image inspect --format "$revision_label" "$image")
seconds=() revision=

# failed STEP STATUS: a failed release is part of the history if it has changed the schema.
failed() {
  if [ -e "$last_backup" ] || { [ "$1" != preflight ] && [ "$(live_revision)" != "$revision" ]; }; then
    "$bin/ledger.sh" add "$image" "failed $1 ${seconds[*]}" || true # it has said why
  fi
  exit "$2"
}
# step SCRIPT ARGUMENT…
step() {
  local began=$EPOCHREALTIME
  "$bin/$1.sh" "${@:2}" || failed "$1" $?
  seconds+=("$1=$(awk "BEGIN { printf \"%.1f\", $EPOCHREALTIME - $began }")")
}

echo "releasing commit $commit"
rm -f "$last_backup"
step preflight
revision=$(live_revision)
step migrate "$image"
step switch "$image" "$nginx_image"
step verify "$image"
"$bin/ledger.sh" add "$image" "${seconds[*]}"
"$bin/publish-status.sh" || true # it has said why; the release serves
"$bin/prune.sh"
number=$("$bin/ledger.sh" | tail -n 1 | cut -f 1)
echo "release $number serves commit $commit after $SECONDS s (${seconds[*]}): $APP_URL"
