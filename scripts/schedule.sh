#!/usr/bin/env bash
# schedule.sh: has cron make a backup each night, test a restore each week and see to the certificate each 5 minutes.
# schedule.sh backup|restore-test: what cron runs. A failure is on the site's page until the next success.
# schedule.sh certificate: copies a new certificate to its bucket, tells the machine's log and the site of one that is not
#   renewed, and has the proxy ask the CA again that has had none for an hour.
set -euo pipefail
. "$(dirname "$0")/common.sh"

# tend_certificate: a proxy that has been refused asks again by itself, but more and more seldom, and not at all where the
# CA's staging service has accepted what the CA itself refuses. A reload makes it begin anew.
tend_certificate() {
  local state end refusal
  "$bin/certificate-store.sh" save || true # it has said why
  IFS=$'\t' read -r state end _ refusal <<<"$("$bin/certificate.sh")"
  if [ "$state" != issued ] && [ -n "$state" ]; then
    logger --tag flask-on-aws --priority user.warning "the certificate of $APP_URL is $state, until $end: ${refusal:-no refusal}"
    if [ "$state" = self-signed ] && [ -n "$(find "$proxy/Caddyfile" -mmin +59)" ]; then
      touch "$proxy/Caddyfile"
      "${compose[@]}" exec -T proxy caddy reload --force --config /etc/caddy/Caddyfile
    fi
  fi
  if [ "$state" != "$(cat "$root/certificate.state" 2>/dev/null)" ]; then
    "$bin/publish-status.sh"
    echo "$state" >"$root/certificate.state"
  fi
}

case ${1:-install} in
install)
  # At a minute of the machine's own, so that not all of them ask S3 at once.
  minute=$(($(hostname | cksum | cut -d ' ' -f 1) % 60))
  crontab - <<CRON
# Written by $bin/schedule.sh. The clock is UTC.
PATH=/usr/local/bin:/usr/bin:/bin
$minute 2 * * * $bin/schedule.sh backup >>$root/schedule.log 2>&1
$minute 4 * * 0 $bin/schedule.sh restore-test >>$root/schedule.log 2>&1
*/5 * * * * $bin/schedule.sh certificate >>$root/schedule.log 2>&1
CRON
  ;;
certificate) tend_certificate ;;
backup | restore-test)
  status=0
  RELEASE_OWNER=cron "$bin/deploy-lock.sh" "$1.sh" || status=$?
  if [ "$status" = 0 ]; then rm -f "$root/failed-$1"; elif [ ! -e "$root/failed-$1" ]; then date --utc +%FT%TZ >"$root/failed-$1"; fi
  "$bin/publish-status.sh"
  exit "$status"
  ;;
esac
