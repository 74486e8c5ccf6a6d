#!/usr/bin/env bash
# rollback.sh: serves the last release before this one that served another image; again, the one before that.
# rollback.sh --undo: serves the image again from which the rollbacks began.
# rollback.sh --show: prints the line of the history that a rollback would serve; fails if there is none or its image is gone.
# Run it by deploy-lock.sh.
#
# It refuses when the schema has changed: the version before does not know what its migration did.
#
# Where tasks serve, they follow: both go back, or neither. A run that was killed between the two leaves the file $unfinished, of
# four lines and five with workers: action and image; the image of before, its commit, and the task definitions of before, that of
# the workers last. The next run finishes it.
set -euo pipefail
. "$(dirname "$0")/common.sh"

current=$(serving '{{.Config.Image}}')
[ -n "$current" ] || fail "nothing serves, so there is nothing to roll back" "release first: $pulumi up$flags"
# Releases, oldest first, without rollbacks and failed ones.
releases() { "$bin/release-history.sh" | awk -F '\t' '$9 !~ /^(rollback|undo|failed)/'; }
# One that serves although its release failed follows all of them.
previous() {
  releases | awk -F '\t' -v current="$current" '
    { name = $4; sub(/-p[0-9]+$/, "", name) }
    # Before a patch, there is the image that it patched, although another release may lie between the two, rolled back.
    $4 == current { before = name != $4 && (name in latest) ? latest[name] : another; known = 1 }
    $4 != current { another = $0; latest[name] = $0 }
    END { print known ? before : another }'
}
# last_of IMAGE: its last line in the history, be it of a failed release.
last_of() { "$bin/release-history.sh" | awk -F '\t' -v image="$1" '$4 == image { line = $0 } END { print line }'; }

# stay WHAT: the tasks have not followed, so this machine returns to what it served before.
stay() {
  local image_before definitions_before
  image_before=$(sed -n 2p "$unfinished")
  mapfile -t definitions_before < <(sed -n '4,$p' "$unfinished")
  echo "$1, so the app server returns to $image_before" >&2
  if "$bin/cut-over.sh" "$image_before" undo && "$bin/serving.sh" restore "$record_before" &&
    "$bin/rollback-tasks.sh" back "${definitions_before[@]}"; then
    rm -f "$unfinished"
    fail "the rollback has failed, and nothing has changed: $1. $(what_serves)" "correct the cause, then: $ops rollback${option:+ $option}$flags"
  fi
  fail "the rollback has failed, and so has the way back: $1.
       $(what_serves)" "see what serves: $ops status$flags; then: $ops rollback${option:+ $option}$flags"
}

option=${1:-} action=rollback record_before=$root/serving.before
if [ "$option" = --undo ]; then action=undo; fi
finishes=''
if [ -n "${TASKS_CLUSTER:-}" ] && [ "$(head -n 1 "$unfinished" 2>/dev/null)" = "$action $current" ]; then finishes=1; fi
if [ "$finishes" ]; then
  entry=$(last_of "$current")
elif [ "$action" = undo ]; then
  undo=$("$bin/serving.sh" get undo)
  [ -n "$undo" ] || fail "$current serves, and not because of a rollback" "release another commit: $(release_command HASH)"
  entry=$(last_of "$undo")
else
  entry=$(previous)
fi
if [ "$option" = --show ]; then
  if [ -z "$entry" ] || ! docker image inspect "$(cut -f 4 <<<"$entry")" >/dev/null 2>&1; then exit 1; fi
  echo "$entry"
  exit
fi
[ -n "$entry" ] || fail "the history has no release before $current" \
  "release another commit: $(release_command HASH)"
IFS=$'\t' read -r number time commit image _ revision _ <<<"$entry"
if ! docker image inspect "$image" >/dev/null 2>&1; then
  build="$(release_command "$commit")"
  # `up` refuses what was rolled back until the commit that serves is the configured one.
  if [ "$action" = undo ]; then build="$(release_command "$(serving_commit)"); $build"; fi
  fail "the image of release $number is not on the machine: $image" "build it again: $build"
fi

live=$(live_revision)
if [ "${live:--}" != "$revision" ]; then
  backup=$("$bin/backups.sh" find "$revision")
  remedy="release a commit with the older code and the newer models: $(release_command HASH)"
  if [ -n "$backup" ]; then
    IFS=$'\t' read -r _ created _ < <("$bin/backups.sh" choose "$backup")
    remedy+="
        or go back with the data to $created, losing all rows written since; the app may be broken between the two:
          $ops restore $backup$flags && $ops rollback${option:+ $option}$flags"
  fi
  fail "commit $commit (release $number) needs revision ${revision/#-/none} of the schema, and the database is at ${live:-none}.
       Nothing was changed. $(what_serves)" "$remedy"
fi
left=$(serving_commit)
rm -f "$last_backup"
if [ "$finishes" ]; then
  left=$(sed -n 3p "$unfinished")
  echo "finishing the rollback to release $number of $time, commit $commit" >&2
else
  echo "going back to release $number of $time, commit $commit" >&2
  definition='' && rm -f "$unfinished"
  if [ -n "${TASKS_CLUSTER:-}" ]; then
    definition=$("$bin/rollback-tasks.sh" definition) ||
      fail "ECS does not tell what the tasks run. Nothing was changed" "allow the app server's role to describe the service; then: $ops rollback${option:+ $option}$flags"
  fi
  # The first release may have ended before there was a service.
  if [ -n "$definition" ]; then
    "$bin/serving.sh" >"$record_before"
    printf '%s\n' "$action $image" "$current" "$left" "$definition" >"$unfinished"
  fi
  "$bin/cut-over.sh" "$image" "$action"
fi
"$bin/verify.sh" "$image"
if [ -e "$unfinished" ]; then
  "$bin/rollback-tasks.sh" "$image" || stay "the tasks do not run commit $commit"
fi
"$bin/release-history.sh" add "$image" "$action"
rm -f "$unfinished"
new=$("$bin/release-history.sh" | tail -n 1 | cut -f 1)
"$bin/publish-status.sh" || true # it has said why; the release serves
echo "commit $commit serves again, as release $new, which is release $number once more.
Commit $left is out of service. The database was not changed."
if [ "$(unpatched "$image")" = "$(unpatched "$current")" ]; then
  echo "This is another image of the same commit. $pulumi up$flags keeps it."
elif [ "$action" = rollback ]; then
  echo "$pulumi up$flags refuses until you choose:
  keep commit ${commit:0:12}:      $(release_command "$commit")
  return to ${left:0:12}:        $ops rollback --undo$flags
  release another commit:  $(release_command HASH)"
else
  echo "$pulumi up$flags works again."
fi
