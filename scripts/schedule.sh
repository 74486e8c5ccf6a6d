#!/usr/bin/env bash
# schedule.sh: has cron make a backup each night and test a restore each week.
# schedule.sh backup|restore-test: what cron runs. A failure is on the site's page until the next success.
set -euo pipefail
. "$(dirname "$0")/common.sh"

case ${1:-install} in
install)
  # At a minute of the machine's own, so that not all of them ask S3 at once.
  minute=$(($(hostname | cksum | cut -d ' ' -f 1) % 60))
  crontab - <<CRON
# Written by $bin/schedule.sh. The clock is UTC.
PATH=/usr/local/bin:/usr/bin:/bin
$minute 2 * * * $bin/schedule.sh backup >>$root/schedule.log 2>&1
$minute 4 * * 0 $bin/schedule.sh restore-test >>$root/schedule.log 2>&1
CRON
  ;;
backup | restore-test)
  status=0
  RELEASE_OWNER=cron "$bin/deploy-lock.sh" "$1.sh" || status=$?
  if [ "$status" = 0 ]; then rm -f "$root/failed-$1"; elif [ ! -e "$root/failed-$1" ]; then date --utc +%FT%TZ >"$root/failed-$1"; fi
  "$bin/publish-status.sh"
  exit "$status"
  ;;
esac
