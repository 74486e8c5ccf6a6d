#!/usr/bin/env bash
# schedule.sh: has cron make a backup each night, test a restore each week, see to the certificate each 5 minutes, send the logs
#   each minute, and patch.
# schedule.sh write [PATCH]: first takes the time of patches, as cron has it, or off, and the commands of the setting appSchedule
#   from standard input, lines `NAME<tab>CRON<tab>COMMAND`.
# schedule.sh app NAME: runs one of these, unless its last run goes on. A failure is shown as below.
# schedule.sh backup|restore-test|patch: what cron runs. A failure is on the site's page until the next success.
# schedule.sh certificate: copies a new certificate to its bucket, tells the machine's log and the site of one that is not
#   renewed, and has the proxy ask the CA again that has had none for an hour. It also reports to CloudWatch, for the alarms, and
#   tells the site of a backup that S3 has copied.
set -euo pipefail
. "$(dirname "$0")/common.sh"
log=$root/schedule.log patch_time=$root/patch-schedule

# scheduled NAME: its line of the setting appSchedule.
scheduled() { awk -F '\t' -v name="$1" '$1 == name' "$scheduled_commands" 2>/dev/null || true; }

# note_result JOB STATUS: a failure is known until the next success. Fails if nothing has changed by it.
note_result() {
  local failed=$root/failed-$1
  if [ "$2" = 0 ]; then rm "$failed" 2>/dev/null; else [ ! -e "$failed" ] && date --utc +%FT%TZ >"$failed"; fi
}

# run_app NAME: one of the app's commands, in the image that serves.
run_app() {
  local line command image status=0
  line=$(scheduled "$1")
  [ -n "$line" ] || fail "the setting appSchedule has no command named $1" "see the crontab: $ops ssh$flags -- crontab -l"
  command=${line#*$'\t'*$'\t'}
  # A command each minute would fill the disk. This run still writes to the old file.
  if [ "$(stat --format %s "$log" 2>/dev/null || echo 0)" -gt 10000000 ]; then mv "$log" "$log.1"; fi
  mkdir -p "$root/runs"
  exec 9>>"$root/runs/app-$1.lock"
  if ! flock --nonblock 9; then
    echo "$(date --utc +%FT%TZ) $1: left out, because its last run goes on"
    return
  fi
  image=$(serving '{{.Config.Image}}')
  [ -n "$image" ] || fail "nothing serves, so $1 has no image to run in" "release first: $pulumi up$flags"
  as_served "$image"
  echo "$(date --utc +%FT%TZ) $1: begins, in $image"
  run_task "$1" "$image" "$command" 2>&1 | sed --unbuffered "s/^/$1: /" | redact || status=$?
  echo "$(date --utc +%FT%TZ) $1: ended with status $status"
  if note_result "app-$1" "$status"; then "$bin/publish-status.sh" || true; fi
  return "$status"
}

# forget_others: the failures of commands that are not scheduled any more.
forget_others() {
  local failed is_changed=''
  for failed in "$root"/failed-app-*; do
    if [ -e "$failed" ] && [ -z "$(scheduled "${failed##*/failed-app-}")" ]; then rm "$failed" && is_changed=1; fi
  done
  if [ "$is_changed" ]; then "$bin/publish-status.sh" || true; fi
}

# tend_certificate: a proxy that has been refused asks again by itself, but more and more seldom, and not at all where the
# CA's staging service has accepted what the CA itself refuses. Once an hour it is told to begin anew.
tend_certificate() {
  local state end refusal
  if "$bin/certificate-store.sh" save; then
    rm -f "$root/failed-certificate"
  elif [ ! -e "$root/failed-certificate" ]; then
    date --utc +%FT%TZ >"$root/failed-certificate"
  fi
  IFS=$'\t' read -r state end _ refusal <<<"$("$bin/certificate.sh")"
  if [ "$state" != issued ] && [ -n "$state" ]; then
    logger --tag flask-on-aws --priority user.warning "the certificate of $APP_URL is $state, until $end: ${refusal:-no refusal is logged}"
    if [ -z "$(find "$asked" -mmin -59 2>/dev/null)" ]; then "$bin/certificate.sh" ask; fi
  fi
  if [ "$state" != "$(cat "$root/certificate.state" 2>/dev/null)" ]; then
    "$bin/publish-status.sh"
    echo "$state" >"$root/certificate.state"
  fi
}

# tend_copy: S3 copies a backup some time after the site was told of it.
tend_copy() {
  local before
  if [ -z "${BACKUP_COPY_REGION:-}" ] || cmp -s "$last_backup" "$last_copied"; then return; fi
  before=$(cat "$last_copied" 2>/dev/null) || true
  "$bin/backups.sh" copied >/dev/null
  [ "$before" = "$(cat "$last_copied" 2>/dev/null)" ] || "$bin/publish-status.sh"
}

case ${1:-install} in
write | install)
  if [ "${1:-}" = write ]; then
    cat >"$scheduled_commands.new" && mv "$scheduled_commands.new" "$scheduled_commands"
    echo "${2:-off}" >"$patch_time"
  fi
  patch=$(grep -vx off "$patch_time" 2>/dev/null) || true
  if [ -z "$patch" ]; then rm -f "$root/failed-patch"; fi
  # At a minute of the machine's own, so that not all of them ask S3 at once.
  minute=$(($(hostname | cksum | cut -d ' ' -f 1) % 60))
  crontab - <<CRON
# Written by $bin/schedule.sh. The clock is UTC.
PATH=/usr/local/bin:/usr/bin:/bin
$minute 2 * * * $bin/schedule.sh backup >>$log 2>&1
$minute 4 * * 0 $bin/schedule.sh restore-test >>$log 2>&1
*/5 * * * * $bin/schedule.sh certificate >>$log 2>&1
${patch:+$patch $bin/schedule.sh patch >>$log 2>&1}
* * * * * nice $bin/ship-logs.sh >>$log 2>&1
$(awk -F '\t' -v run="$bin/schedule.sh app" -v log_file="$log" '{ print $2, run, $1, ">>" log_file, "2>&1" }' "$scheduled_commands" 2>/dev/null)
CRON
  if [ ! -e "$scheduled_since" ]; then touch "$scheduled_since"; fi
  forget_others
  ;;
certificate)
  # Also if the certificate cannot be tended.
  trap '"$bin/report-metrics.sh"' EXIT
  tend_copy || true # it has said why; the site shows the age of what is copied
  tend_certificate
  ;;
app) run_app "$2" ;;
backup | restore-test | patch)
  status=0
  RELEASE_OWNER=cron "$bin/deploy-lock.sh" "$1.sh" || status=$?
  note_result "$1" "$status" || true
  if [ "$1 $status" = "backup 0" ]; then touch "$nightly_backup"; fi
  "$bin/publish-status.sh"
  exit "$status"
  ;;
esac
