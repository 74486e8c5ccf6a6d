#!/usr/bin/env bash
# start.sh IMAGE NGINX_IMAGE: serves the app from the image, behind nginx, on port 5085.
set -euo pipefail
. "$(dirname "$0")/common.sh"
image=$1 nginx_image=$2

printf '%s\n' "ROOT=$root" "APP_IMAGE=$image" "NGINX_IMAGE=$nginx_image" >"$release"
mkdir -p "$nginx"
cp "$bin/nginx.conf" "$nginx/app.conf.new"
mv "$nginx/app.conf.new" "$nginx/app.conf"

"${compose[@]}" up --detach --quiet-pull --wait --wait-timeout 120 || {
  "${compose[@]}" logs --tail 30 app >&2
  fail "the app did not become healthy; its last lines are above" "correct the app, or set appCommit back"
}
"${compose[@]}" exec -T nginx nginx -t -q
"${compose[@]}" exec -T nginx nginx -s reload
