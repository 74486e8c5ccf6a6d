#!/usr/bin/env bash
# Waits for the machine's first boot to end, and checks that it has what a release needs.
set -euo pipefail
. "$(dirname "$0")/common.sh"

# 2 means done with warnings. What counts is found below.
cloud-init status --wait >/dev/null || [ $? -eq 2 ] || {
  fail "the first boot of $(hostname) ended with errors" \
    "correct their cause, then replace the machine and its host key:
        $pulumi up --replace '**-app-machine-host-key'$flags" \
    "$(
      cloud-init status --long || true
      tail -n 20 /var/log/cloud-init-output.log
    )"
}

for tool in aws curl docker docker-compose git mysql python3; do
  command -v "$tool" >/dev/null || fail "$(hostname) has no $tool" \
    "see /var/log/cloud-init-output.log there; the packages are listed in compute/user-data.ts"
done
# This session began before the first boot put its user into the group.
sg docker -c 'docker info' >/dev/null || fail "$(id -un) on $(hostname) cannot use Docker" \
  "see: systemctl status docker; groups $(id -un)"
