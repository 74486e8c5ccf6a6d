#!/usr/bin/env bash
# publish-status.sh: tells the site what is served, and how the backups are. Does nothing if there is no site.
set -euo pipefail
. "$(dirname "$0")/common.sh"

if [ -z "${SITE_BUCKET:-}" ]; then exit 0; fi

commit=$(serving_commit)
# member NAME VALUE: of a JSON object. No value here holds a quote or a backslash.
member() { printf '"%s":%s,' "$1" "$(if [ -n "$2" ]; then printf '"%s"' "$2"; else printf null; fi)"; }
IFS=$'\t' read -r number time _ < <("$bin/release-history.sh" | awk -F '\t' '$9 !~ /^failed/' | tail -n 1) || true
IFS=$'\t' read -r _ backup _ < <("$bin/backups.sh" choose 2>/dev/null) || true
# certificate_end: when the certificate ends that clients get, if it is not renewed as it should be. Those of a load balancer get
# that of ACM, which renews it.
certificate_end() {
  local state end
  if [ "${TASKS_URL:-$APP_URL}" != "$APP_URL" ]; then return; fi
  IFS=$'\t' read -r state end _ <<<"$("$bin/certificate.sh" 2>/dev/null)"
  if [ "$state" = late ] || [ "$state" = expired ]; then echo "$end"; fi
}
# tasks_commit: what tasks run that is not what this machine serves: until they have followed, or if ECS does not serve it.
tasks_commit() {
  timeout 20 "$bin/who-serves.sh" 2>/dev/null | awk -F '\t' -v here="$commit" '
    $2 == "tasks" && $3 != "?" && $3 != here { list = list (list == "" ? "" : ", ") $3 } END { print list }' || true
}
IFS=$'\t' read -r upgraded _ _ base _ < <(timeout 20 "$bin/updates-status.sh" ages 2>/dev/null) || true
# copied: when the newest backup was made that the other region has.
copied() { "$bin/backups.sh" copied 2>/dev/null | cut -f 2 || true; }
status=$(
  printf '{'
  member app "${TASKS_URL:-$APP_URL}"
  member release "${number:-}"
  member deployed "${time:-}"
  member commit "$commit"
  member tasks "$(tasks_commit)"
  member backup "${backup:-}"
  if [ -n "${BACKUP_COPY_REGION:-}" ]; then
    member copyRegion "$BACKUP_COPY_REGION"
    member copy "$(copied)"
  fi
  member restoreTest "$(cat "$root/last-restore-test" 2>/dev/null || true)"
  member upgraded "${upgraded#-}"
  member base "${base#-}"
  member download "$(offered "$commit")"
  member certificateEnd "$(certificate_end)"
  member failedSince "$(sort "$root"/failed-{backup,restore-test} 2>/dev/null | head -n 1)"
  member patchFailedSince "$(cat "$root/failed-patch" 2>/dev/null || true)"
  member scheduleFailedSince "$(sort "$root"/failed-app-* 2>/dev/null | head -n 1)"
  printf '"written":"%s"}\n' "$(date --utc +%FT%TZ)"
)
upload() { aws s3 cp --only-show-errors --content-type application/json --cache-control no-cache - "s3://$SITE_BUCKET/status.json" <<<"$status"; }
quietly upload ||
  fail "the status was not written to the site's bucket $SITE_BUCKET" "check the policy of the machine's role: $pulumi up --refresh$flags"
