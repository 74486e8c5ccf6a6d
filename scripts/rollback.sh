#!/usr/bin/env bash
# rollback.sh: serves the last release before this one that served another image; again, the one before that.
# rollback.sh --undo: serves the image again from which the rollbacks began.
# rollback.sh --show: prints the line of the history that a rollback would serve; fails if there is none or its image is gone.
# Run it by lease.sh.
#
# It refuses when the schema has changed: the version before does not know what its migration did.
set -euo pipefail
. "$(dirname "$0")/common.sh"

current=$(serving '{{.Config.Image}}')
[ -n "$current" ] || fail "nothing serves, so there is nothing to roll back" "release first: pulumi up"
# Releases, oldest first, without rollbacks and failed ones.
releases() { "$bin/ledger.sh" | awk -F '\t' '$9 !~ /^(rollback|undo|failed)/'; }
# One that serves although its release failed follows all of them.
previous() {
  releases | awk -F '\t' -v current="$current" '
    $4 == current { before = another; known = 1 }
    $4 != current { another = $0 }
    END { print known ? before : another }'
}
# last_of IMAGE: its last line in the history, be it of a failed release.
last_of() { "$bin/ledger.sh" | awk -F '\t' -v image="$1" '$4 == image { line = $0 } END { print line }'; }

action=rollback
if [ "${1:-}" = --undo ]; then
  action=undo
  undo=$("$bin/serving.sh" get undo)
  [ -n "$undo" ] || fail "$current serves, and not because of a rollback" "release another commit: pulumi config set appCommit HASH$flags; pulumi up$flags"
  entry=$(last_of "$undo")
else
  entry=$(previous)
fi
if [ "${1:-}" = --show ]; then
  if [ -z "$entry" ] || ! docker image inspect "$(cut -f 4 <<<"$entry")" >/dev/null 2>&1; then exit 1; fi
  echo "$entry"
  exit
fi
[ -n "$entry" ] || fail "the history has no release before $current" \
  "release another commit: pulumi config set appCommit HASH$flags; pulumi up$flags"
IFS=$'\t' read -r number time commit image _ revision _ <<<"$entry"
if ! docker image inspect "$image" >/dev/null 2>&1; then
  build="pulumi config set appCommit $commit$flags; pulumi up$flags"
  # `up` refuses what was rolled back until the commit that serves is the configured one.
  if [ "$action" = undo ]; then build="pulumi config set appCommit $(serving_commit)$flags; pulumi up$flags; $build"; fi
  fail "the image of release $number is not on the machine: $image" "build it again: $build"
fi

live=$(live_revision)
if [ "$live" != "$revision" ]; then
  backup=$("$bin/backups.sh" find "$revision")
  remedy="release a corrected commit: pulumi config set appCommit HASH$flags; pulumi up$flags"
  if [ -n "$backup" ]; then
    remedy+="
        or, losing all rows written since that backup: ./ops restore $backup$flags, then ./ops rollback${1:+ $1}$flags"
  fi
  fail "release $number needs the schema at revision ${revision:-none}, but it is at ${live:-none}.
       Nothing was changed; commit $(serving_commit) serves" "$remedy"
fi
echo "going back to release $number of $time, commit $commit" >&2
rm -f "$last_backup"
"$bin/switch.sh" "$image" "$(sed -n 's/^NGINX_IMAGE=//p' "$variables")" "$action"
"$bin/verify.sh" "$image"
"$bin/ledger.sh" add "$image" "$action"
"$bin/publish-status.sh" || true # it has said why; the release serves
echo "release $number serves again: commit $commit"
if [ "$action" = rollback ]; then
  echo "The next pulumi up refuses to release what was rolled back. Choose one. Keep this commit:
  pulumi config set appCommit $commit$flags; pulumi up$flags
Or return to the commit from before the rollback:
  ./ops rollback --undo$flags
Or release a corrected commit:
  pulumi config set appCommit HASH$flags; pulumi up$flags"
fi
