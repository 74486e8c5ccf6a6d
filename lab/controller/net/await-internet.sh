#!/usr/bin/env bash
# Waits until the services of the lab's internet listen, and prints the root certificate of its Let's Encrypt.
set -euo pipefail
# shellcheck source=await.sh
. "$(dirname "$0")/await.sh"

# shellcheck disable=SC2317  # await runs it
answers() { answer=$(curl --silent --insecure --max-time 5 "$1"); }
for url in https://127.0.0.1:443/ https://127.0.0.1:15000/roots/0; do
  await "nothing listens at $url" /var/log/pebble.log answers "$url"
done
echo "$answer"
