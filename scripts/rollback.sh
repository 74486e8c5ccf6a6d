#!/usr/bin/env bash
# rollback.sh: serves the last release before this one that served another image; again, the one before that. To be
# run by lease.sh.
#
# Refuses when the schema has moved on: the version before does not know what its migration did.
set -euo pipefail
. "$(dirname "$0")/common.sh"

current=$(serving '{{.Config.Image}}')
[ -n "$current" ] || fail "nothing serves, so there is nothing to go back from" "deploy first: pulumi up"
entry=$("$bin/ledger.sh" | awk -F '\t' -v current="$current" '
  $9 == "rollback" { next }
  $4 == current { before = another }
  $4 != current { another = $0 }
  END { print before }')
[ -n "$entry" ] || fail "the ledger knows no release before $current" "deploy another commit: set appCommit"
IFS=$'\t' read -r number _ commit image _ revision _ <<<"$entry"
docker image inspect "$image" >/dev/null 2>&1 ||
  fail "the image of release $number is not on the machine: $image" \
    "set appCommit to $commit: pulumi up builds it again"

live=$(live_revision)
if [ "$live" != "$revision" ]; then
  # The first backup after that release holds the schema and the rows as it left them.
  backup=$("$bin/ledger.sh" | awk -F '\t' -v number="$number" '!found && $1 > number && $7 != "-" { found = 1; print $7 }')
  fail "release $number knows the schema up to revision $revision, but it is at $live" \
    "go forward with a corrected commit;
        or, losing what was written since: npm run restore -- ${backup:-KEY (of npm run backups)}"
fi
rm -f "$last_backup"
"$bin/switch.sh" "$image" "$(sed -n 's/^NGINX_IMAGE=//p' "$variables")"
"$bin/verify.sh"
"$bin/ledger.sh" add "$image" rollback
"$bin/publish-status.sh" || true # it has said why; the release serves
echo "release $number serves again. To keep it, set appCommit to $commit"
