#!/usr/bin/env bash
# unattended-upgrade.sh: what Debian's apt-daily-upgrade.service would run itself. updates.sh has it run this by deploy-lock.sh.
set -euo pipefail
exec sudo /usr/lib/apt/apt.systemd.daily install
