#!/usr/bin/env bash
# updates-status.sh [ages]: prints, with tabs between: when this machine's packages were upgraded; how many have a newer version;
# `reboot` if a new kernel waits for one; the time of the newest layer in the base of the image that serves; `behind` if the tasks
# have yet to get that image. A dash stands for what is not known, and for no. With `ages`, the number is not asked for: apt needs
# seconds for it.
set -euo pipefail
. "$(dirname "$0")/common.sh"

# upgraded: by patch.sh, by Debian's nightly upgrade or, at first, by cloud-init.
upgraded() {
  local last
  last=$(
    stat --format %Y "$root/upgraded" /var/lib/apt/periodic/upgrade-stamp /var/lib/cloud/instance/boot-finished 2>/dev/null |
      sort --numeric | tail -n 1
  ) || true
  if [ -n "$last" ]; then date --utc --date "@$last" +%FT%TZ; fi
}

# base: layers that were made here have a name, and so has the uppermost one of the base; the first ones are from long ago.
base() {
  local image
  image=$(serving '{{.Config.Image}}')
  if [ -z "$image" ]; then return; fi
  TZ=UTC docker history --no-trunc --format '{{.CreatedAt}} {{.ID}}' "$image" | awk '
    { time[NR] = $1; if ($2 != "<missing>") base = NR }
    END { for (i = base; i <= NR; i++) if (time[i] > newest) newest = time[i]; if (newest > "2000") print newest }'
}

# or_dash WORD
or_dash() { printf %s "${1:--}"; }
pending=-
if [ "${1:-}" != ages ]; then pending=$("$bin/updates-pending.sh"); fi
time=$(upgraded) base=$(base 2>/dev/null) || true
printf '%s\t%s\t%s\t%s\t%s\n' "$(or_dash "$time")" "$pending" "$([ -e /run/reboot-required ] && echo reboot || echo -)" \
  "$(or_dash "$base")" "$([ -n "${TASKS_CLUSTER:-}" ] && [ -e "$tasks_behind" ] && echo behind || echo -)"
