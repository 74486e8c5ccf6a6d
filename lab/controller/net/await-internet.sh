#!/usr/bin/env bash
# Waits until the services of the lab's internet listen, and prints the root certificate of its Let's Encrypt.
set -euo pipefail
for url in https://127.0.0.1:443/ https://127.0.0.1:15000/roots/0; do
  for ((tenths = 0; ; tenths++)); do
    if answer=$(curl --silent --insecure --max-time 5 "$url"); then break; fi
    if ((tenths >= 200)); then
      echo "nothing listens at $url for 20 s; the last lines of Pebble's log:"
      tail -n 5 /var/log/pebble.log
      exit 1
    fi
    sleep 0.1
  done
done
echo "$answer"
