#!/usr/bin/env bash
# Starts the registry behind ECR's names unless it runs. Returns once it listens.
set -euo pipefail
socket=/run/ecr/registry.sock

exec 9>/run/ecr.lock
flock 9
answers() { curl --silent --fail --max-time 5 --output /dev/null --unix-socket "$socket" http://registry/v2/; }
if answers; then exit; fi
pkill -f 'docker-registry serve /lab/net/ecr.yml' || true
rm -f "$socket"
setsid docker-registry serve /lab/net/ecr.yml >>/var/log/ecr.log 2>&1 </dev/null 9>&- &
for ((tenths = 0; ; tenths++)); do
  if answers; then break; fi
  if ((tenths >= 200)); then
    echo "ECR's registry does not answer after 20 s; the last lines of its log:"
    tail -n 5 /var/log/ecr.log
    exit 1
  fi
  sleep 0.1
done
# The controller may be of a user other than root.
chmod 666 "$socket"
