#!/usr/bin/env bash
# deploy-lock.sh SCRIPT ARGUMENT…: runs a script while holding the deploy lock, so that no two releases mix.
#
# The lock is a file: who holds it and since when; its age is the time since the last heartbeat. One that is older
# than its term is nobody's: its holder was killed, or the machine restarted. A holder that was only suspended, and
# finds the lock taken when it goes on, is ended.
set -euo pipefail
. "$(dirname "$0")/common.sh"
limit=${LEASE_LIMIT:-600}
from=${SSH_CLIENT:-$(hostname)}
owner="${RELEASE_OWNER:-$(id -un)@${from%% *}} $(date --utc +%FT%TZ) process $$"

is_ours() { [ "$(cat "$lock" 2>/dev/null)" = "$owner" ]; }
take() (
  flock 9
  if [ "$(lock_age)" -lt "$lock_term" ] && ! is_ours; then exit 1; fi
  echo "$owner" >"$lock" || exit 2
) 9>>"$lock.lock"

told=
while true; do
  got=0
  take || got=$?
  if [ "$got" = 0 ]; then break; fi
  if [ "$got" = 2 ]; then fail "the deploy lock cannot be written to $lock" "see: df -h; ls -ld $root"; fi
  holder=$(cat "$lock" 2>/dev/null || echo nobody)
  if [ "$SECONDS" -ge "$limit" ]; then
    fail "the deploy lock is still held by $holder after $SECONDS s;
       last heartbeat $(lock_age) s ago" \
      "wait for that release to end; the lock of a killed run expires after $lock_term s"
  fi
  if [ "$holder" != nobody ] && [ "$holder" != "$told" ]; then echo "waiting for the deploy lock, held by $holder, at most $limit s" >&2; fi
  told=$holder
  sleep 1
done

export LEASE_OWNER=${owner%% *} LOCK_HOLDER=$owner
# In a session of its own, so that a signal reaches the step that runs, too. What runs beside would have no input.
setsid "$bin/$1" "${@:2}" <&0 &
work=$!
# As long as the work lives, even if this process is killed: else another release could begin beside it.
while kill -0 "$work" 2>/dev/null; do
  if ! is_ours; then
    echo "error: the deploy lock was lost to $(cat "$lock")" >&2
    kill -- "-$work"
    break
  fi
  touch --no-create "$lock"
  sleep 2
done &
heart=$!
trap 'kill "$heart" 2>/dev/null || true; if is_ours; then rm -f "$lock"; fi' EXIT
trap 'kill -- "-$work" 2>/dev/null || true' TERM INT HUP
status=0
wait "$work" || status=$?
# A signal ends wait before the work.
while kill -0 "$work" 2>/dev/null; do wait "$work" || status=$?; done
# After a signal it may end before one of its steps, which still undoes what it has done.
for ((try = 0; try < 300 && status > 128; try++)); do
  if ! is_ours || ! kill -0 -- "-$work" 2>/dev/null; then break; fi
  touch --no-create "$lock"
  sleep 1
done
exit "$status"
