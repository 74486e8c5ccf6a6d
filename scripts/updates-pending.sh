#!/usr/bin/env bash
# updates-pending.sh: prints how many packages of this machine have a newer version, by the lists of packages that are here.
set -euo pipefail
apt-get --simulate --option Debug::NoLocking=true upgrade --with-new-pkgs 2>/dev/null | grep -c '^Inst ' || true
