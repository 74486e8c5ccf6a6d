#!/usr/bin/env bash
# check-page.sh HOST:PORT PATH STATUS: asks a container of the app for a page, as the proxy does, and fails unless it answers with
# STATUS. Prints what is wrong: `status 404 LOCATION` or `no answer: REASON`. It asks from outside of the container, whose image may
# have no program that can.
set -euo pipefail
. "$(dirname "$0")/common.sh"

if ! said=$(curl --silent --show-error --noproxy '*' --path-as-is --max-time 5 --user-agent flask-on-aws-check \
  --header "Host: $host" --header "X-Forwarded-Proto: ${APP_URL%%:*}" --header "X-Forwarded-For: 127.0.0.1" \
  --output /dev/null --write-out '%{http_code} %header{location}' "http://$1$2" 2>&1); then
  echo "no answer: $(sed -n 's/^curl: ([0-9]*) //p' <<<"$said")"
  exit 1
fi
if [ "${said%% *}" != "$3" ]; then
  echo "status $said"
  exit 1
fi
