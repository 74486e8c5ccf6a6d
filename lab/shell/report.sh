# shellcheck shell=bash
# Progress, steps and errors of the lab's programs. Sourced after lab/shell/env.sh.

# Programs that call each other count from the same start.
export LAB_BEGAN=${LAB_BEGAN:-$EPOCHSECONDS}

# elapsed SECONDS: as m:ss.
elapsed() { printf '%d:%02d' $(($1 / 60)) $(($1 % 60)); }

# say TEXT…: one line of progress, after the time since the first program began.
say() { printf '%6s  %s\n' "$(elapsed $((EPOCHSECONDS - LAB_BEGAN)))" "$*"; }

# fail PROBLEM REMEDY: says what is wrong and where, and what to do about it; ends the program.
fail() {
  printf 'error: %s\n  remedy: %s\n' "$1" "$2" >&2
  exit 1
}

# on_interrupt TEXT: what Ctrl-C says before it ends the program. Of programs that call each other the first one speaks.
on_interrupt() {
  local words=:
  if [[ ! ${LAB_ANSWERS:-} ]]; then words="say 'interrupted; $1'"; fi
  export LAB_ANSWERS=1
  # shellcheck disable=SC2064 # the text is known now
  trap "$words; exit 130" INT
}

# Steps under way, by name: process, title and when it began.
declare -A step_pid=() step_title=() step_began=()

# begin_step NAME TITLE COMMAND…: runs COMMAND beside this program, its output in $STEP_LOGS/NAME.log.
# A process group of its own lets stop_steps end what COMMAND has started, too.
begin_step() {
  local name=$1
  step_title[$name]=$2
  step_began[$name]=$EPOCHREALTIME
  shift 2
  mkdir -p "$STEP_LOGS"
  set -m
  (
    set -euo pipefail
    trap - EXIT INT TERM
    "$@"
    # Which may be long before it is waited for.
    echo "$EPOCHREALTIME" >"$STEP_LOGS/$name.ended"
  ) >"$STEP_LOGS/$name.log" 2>&1 </dev/null &
  step_pid[$name]=$!
  set +m
}

# end_step NAME: waits for the step and says its time; fails with the last lines of its output.
end_step() {
  local name=$1 pid=${step_pid[$1]} seconds
  if ! wait "$pid"; then
    unset "step_pid[$name]"
    tail -n 20 "$STEP_LOGS/$name.log" >&2
    fail "${step_title[$name]} failed; its last lines are above" \
      "mend what they name, then the same command goes on; all of it: $STEP_LOGS/$name.log"
  fi
  unset "step_pid[$name]"
  seconds=$(awk -v began="${step_began[$name]}" '{ printf "%.1f", $1 - began }' "$STEP_LOGS/$name.ended")
  say "${step_title[$name]} ($seconds s)"
}

# step NAME TITLE COMMAND…: one step from begin to end.
step() {
  begin_step "$@"
  end_step "$1"
}

# stop_steps: ends what is under way; for a trap.
stop_steps() {
  local pid
  for pid in "${step_pid[@]}"; do
    kill -- "-$pid" 2>/dev/null || true
  done
}
