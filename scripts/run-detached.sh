#!/usr/bin/env bash
# run-detached.sh NAME SCRIPT ARGUMENT…: runs a script that outlives this session, shows what it prints, ends as it does.
# AGAIN in the environment is what an operator runs again, if not `up`.
# While the same call with the same settings runs already, because the session before was cut off, it follows that
# run. Another run of that name is waited for. Each half minute without a word it says how long it has been, which
# keeps the connection open, too.
set -euo pipefail
. "$(dirname "$0")/common.sh"
run=$root/runs/$1 again=${AGAIN:-$pulumi up$flags}
shift
call=$(
  printf '%q ' "$@"
  sha256sum "$root/stack.env" "$settings" 2>/dev/null || true
)

mkdir -p "$root/runs"
umask 077
# The run holds the lock for as long as it lives. Ten minutes are more than any step takes but serve-tasks, which
# another release then cannot wait for.
exec 9>>"$run.lock"
if flock --nonblock 9 || { [ "$(cat "$run.call" 2>/dev/null)" != "$call" ] && flock --wait 600 9; }; then
  # Removed, not emptied: who followed the run before may still read them.
  rm -f "$run.log" "$run.status"
  touch "$run.log" "$run.status"
  printf %s "$call" >"$run.call"
  # shellcheck disable=SC2016  # for the inner shell
  setsid bash -c 'run=$1; shift; status=0; "$@" 9>&- || status=$?; echo "$status" >"$run.status"' \
    run "$run" "$bin/$1" "${@:2}" </dev/null >>"$run.log" 2>&1 &
  echo $! >"$run.pid"
elif [ "$(cat "$run.call")" = "$call" ]; then
  echo "followed: a run that began at $(date --utc --reference="$run.call" +%T) UTC and was cut off"
else
  fail "another run still holds $run.lock after 600 s" \
    "wait, then run the same command again. See what it does: $ops ssh tail $run.log;
        if it hangs, end it: $ops ssh -- kill -- -$(cat "$run.pid")"
fi
pid=$(cat "$run.pid")
exec 7<"$run.status" 8<"$run.log" 9>&-

# sleep would keep the session open by its standard output.
while sleep 30 >/dev/null 2>&1 && kill -0 "$pid" 2>/dev/null; do
  [ -n "$(find "$run.log" -newermt '-30 seconds')" ] || echo "… $(basename "$run") goes on, ${SECONDS} s"
done &
ticker=$!
trap 'kill "$ticker" 2>/dev/null || true' EXIT
tail --lines=+1 --follow --sleep-interval=0.2 --pid="$pid" <&8 | redact
read -r status <&7 || fail "the run was ended from outside, or by a restart of $(hostname)" "run $again again"
# A machine that restarts ends Docker first, and the connection later.
if [ "$status" != 0 ] && ! docker version >/dev/null 2>&1; then
  fail "Docker does not run on $(hostname): the machine restarts, or somebody has stopped Docker" \
    "wait a minute, then run $again again. If that fails, too: $ops ssh$flags -- systemctl status docker"
fi
exit "$status"
