#!/usr/bin/env bash
# deploy.sh IMAGE NGINX_IMAGE: a release of an image that is built, from the checks before it to the record of it.
# Each step is a script of its own that can be run by hand. To be run by lease.sh.
set -euo pipefail
. "$(dirname "$0")/common.sh"
image=$1 nginx_image=$2
seconds=()

# step SCRIPT ARGUMENT…
step() {
  local began=$EPOCHREALTIME
  "$bin/$1.sh" "${@:2}"
  seconds+=("$1=$(awk "BEGIN { printf \"%.1f\", $EPOCHREALTIME - $began }")")
  echo "${seconds[-1]/=/: } s"
}

rm -f "$last_backup"
step preflight
step migrate "$image"
step switch "$image" "$nginx_image"
step verify
"$bin/ledger.sh" add "$image" "${seconds[*]}"
"$bin/publish-status.sh" || true # it has said why; the release serves
"$bin/prune.sh"
