#!/usr/bin/env bash
# publish-status.sh: tells the site's page what is served, and how the backups are.
set -euo pipefail
. "$(dirname "$0")/common.sh"

commit=$(serving_commit) download=
if [ "${PUBLISH:-}" = true ] && [ -n "$commit" ] && [ "$(cat "$root/published" 2>/dev/null)" = "$commit" ]; then download=app.zip; fi
# member NAME VALUE: of a JSON object. No value here holds a quote or a backslash.
member() { printf '"%s":%s,' "$1" "$(if [ -n "$2" ]; then printf '"%s"' "$2"; else printf null; fi)"; }
IFS=$'\t' read -r number time _ < <("$bin/ledger.sh" | tail -n 1) || true
# Its name begins with its time: backups/20261122T161227Z-nightly
backup=$(newest_backup | sed -E 's|^backups/(....)(..)(..)T(..)(..)(..)Z.*|\1-\2-\3T\4:\5:\6Z|')
{
  printf '{'
  member app "$APP_URL"
  member release "${number:-}"
  member deployed "${time:-}"
  member commit "$commit"
  member backup "$backup"
  member drill "$(cat "$root/last-drill" 2>/dev/null || true)"
  member download "$download"
  member failedSince "$(sort "$root"/failed-* 2>/dev/null | head -n 1)"
  printf '"written":"%s"}\n' "$(date --utc +%FT%TZ)"
} | aws s3 cp --only-show-errors --content-type application/json --cache-control no-cache - "s3://$SITE_BUCKET/status.json" ||
  fail "the status could not be written to the site's bucket $SITE_BUCKET, see above" "see the policy of the machine's role"
