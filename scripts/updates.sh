#!/usr/bin/env bash
# updates.sh: fits this machine's updates to the releases. deploy.sh runs it; it can be run again.
# - Debian's nightly upgrades wait for the deploy lock, and a release waits for them.
# - They leave Docker's packages to patch.sh, which starts the new Docker as well.
# - Docker restarts without its containers: the option live-restore.
set -euo pipefail
. "$(dirname "$0")/common.sh"
daemon=/etc/docker/daemon.json

# keep FILE: has a file of root's, which everybody may read, hold standard input. Sets $is_changed.
keep() {
  local text
  text=$(cat)
  is_changed=''
  if [ "$(cat "$1" 2>/dev/null)" = "$text" ]; then return; fi
  # A release keeps its own files for itself.
  # shellcheck disable=SC2016  # the shell of root expands it
  quietly sudo sh -c 'umask 022; mkdir -p "${1%/*}" && cat >"$1.new" && mv "$1.new" "$1"' sh "$1" <<<"$text" ||
    fail "$1 cannot be written on $(hostname)" "see: $ops ssh$flags -- df -h; then run the same command again"
  is_changed=1
}

# restores: whether Docker leaves its containers running when it ends.
restores() { [ "$(docker info --format '{{.LiveRestoreEnabled}}' 2>/dev/null)" = true ]; }

keep /etc/apt/apt.conf.d/60flask-on-aws <<'CONF'
// Written by updates.sh of flask-on-aws. Debian's Docker is upgraded by: ./ops patch
Unattended-Upgrade::Package-Blacklist { "^containerd$"; "^docker-cli$"; "^docker\.io$"; "^runc$"; };
CONF
# systemd waits for a unit of type oneshot as long as it takes. A release takes minutes.
keep /etc/systemd/system/apt-daily-upgrade.service.d/flask-on-aws.conf <<CONF
# Written by updates.sh of flask-on-aws.
[Service]
User=$(id -un)
Environment=RELEASE_OWNER=unattended-upgrades LEASE_LIMIT=7200
ExecStart=
ExecStart=$bin/deploy-lock.sh unattended-upgrade.sh
CONF
if [ "$is_changed" ]; then
  quietly sudo systemctl daemon-reload ||
    fail "systemd does not read its units again" "see what it says, then run the same command again"
fi

options=$(python3 -c 'import json, os, sys
file = sys.argv[1]
options = json.load(open(file)) if os.path.exists(file) and os.path.getsize(file) else {}
print(json.dumps({**options, "live-restore": True}, indent=2))' "$daemon" 2>&1) ||
  fail "$daemon on $(hostname) is not JSON, so Docker cannot start again" \
    "correct it: $ops ssh$flags -- sudo nano $daemon" "$options"
keep "$daemon" <<<"$options"
# A restart is not needed: Docker's documentation, "Live restore". The signal is what `systemctl reload docker` sends.
if ! restores; then
  quietly sudo kill -HUP "$(cat /run/docker.pid 2>/dev/null || true)" ||
    fail "Docker does not run on $(hostname)" "see: $ops ssh$flags -- systemctl status docker"
  for ((try = 0; try < 50; try++)); do
    if restores; then break; fi
    sleep 0.2 # it reads its options in the background
  done
  restores || fail "Docker does not take the option live-restore of $daemon" \
    "see: $ops ssh$flags -- sudo journalctl --unit docker --lines 20"
fi
