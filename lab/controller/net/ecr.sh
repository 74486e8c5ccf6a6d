#!/usr/bin/env bash
# Starts the registry behind ECR's names unless it runs. Returns once it listens.
set -euo pipefail
# shellcheck source=await.sh
. "$(dirname "$0")/await.sh"
socket=/run/ecr/registry.sock

exec 9>/run/ecr.lock
flock 9
answers() { curl --silent --fail --max-time 5 --output /dev/null --unix-socket "$socket" http://registry/v2/; }
if answers; then exit; fi
pkill -f 'docker-registry serve /lab/net/ecr.yml' || true
rm -f "$socket"
setsid docker-registry serve /lab/net/ecr.yml >>/var/log/ecr.log 2>&1 </dev/null 9>&- &
await "ECR's registry does not answer" /var/log/ecr.log answers
# The controller may be of a user other than root.
chmod 666 "$socket"
