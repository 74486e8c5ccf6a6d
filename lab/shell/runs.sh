# shellcheck shell=bash
# Runs of the Pulumi CLI in the lab, and what a killed one leaves. The CLI and all that it starts carry LAB_RUN, the
# CLI's process id and start time, so children are told from their parents' successors. Sourced after processes.sh.

# option SHORT LONG DEFAULT ARGUMENT…: the value of -SHORT or --LONG among the CLI's arguments, else DEFAULT.
option() {
  local short=-$1 long=--$2 value=$3
  shift 3
  while (($# > 0)) && [[ $1 != -- ]]; do
    case $1 in
    "$short" | "$long") value=${2:-$value} ;;
    "$short"=* | "$long"=*) value=${1#*=} ;;
    "$short"*) value=${1#"$short"} ;;
    esac
    shift
  done
  echo "$value"
}

# run_id PID: "PID:START", START in clock ticks since the system started (proc(5), field 22); fails if PID has ended.
run_id() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  # The second field, the program's name in parentheses, may hold blanks.
  awk -v pid="$1" '{ print pid ":" $20 }' <<<"${stat##*) }"
}

# state_of PROJECT STACK
state_of() { echo "$LAB_HOME/pulumi/.pulumi/stacks/$1/$2.json"; }

# end_orphaned_children: ends what killed runs of this lab have left running.
end_orphaned_children() {
  local pid run dead=()
  for pid in $(marked_processes "LAB_RUN_OF=$LAB_HOME"); do
    # It may end meanwhile.
    run=$(tr '\0' '\n' 2>/dev/null <"/proc/$pid/environ" | sed -n 's/^LAB_RUN=//p') || continue
    if [[ $run && $(run_id "${run%%:*}") != "$run" ]]; then dead+=("LAB_RUN=$run"); fi
  done
  if ((${#dead[@]} == 0)); then return; fi
  end_processes 5 "${dead[@]}"
  say "ended what a killed run of pulumi had left running"
}

# lock_is_stale FILE: the process that a lock of the state names has ended. The CLI's pid may be another's by now.
lock_is_stale() {
  local pid
  pid=$(sed 's/.*"pid":\([0-9]*\).*/\1/' "$1")
  ! marked_processes "LAB_RUN_OF=$LAB_HOME" | grep -qx "$pid"
}

# was_interrupted PROJECT STACK: the state names operations that a run began and did not end.
was_interrupted() { grep -q '"pending_operations":' "$(state_of "$1" "$2")" 2>/dev/null; }

# tidy_after_killed_runs PROJECT STACK PROGRAM: what a killed run left running is ended; what it left locked,
# interrupted or unrecorded is said. PROGRAM is the directory of the project.
tidy_after_killed_runs() {
  local lock advice check=$LAB_HOME/unrecorded-$1-$2
  end_orphaned_children
  for lock in "$LAB_HOME/pulumi/.pulumi/locks/organization/$1/$2"/*.json; do
    if [[ ! -f $lock ]]; then continue; fi
    # What a run in another terminal has under way is not interrupted.
    if ! lock_is_stale "$lock"; then return; fi
    say "a killed run has left stack '$2' locked: run \`lab/pulumi cancel\` first"
    touch "$check"
    # The file backend writes these beside each file, not atomically, and does not read a file whose is empty.
    find "$LAB_HOME/pulumi/.pulumi" -name '*.attrs' -empty -delete
  done
  if was_interrupted "$1" "$2"; then touch "$check"; fi
  # From then on before every run, until nothing is left.
  if [[ ! -f $check || ${LAB_ADOPTS:-} ]]; then return; fi
  if ! advice=$(pulumi -C "$3" stack export | (cd "$LAB_ROOT" && node lab/support/orphans-command.ts list "$1" "$2")); then
    say "what the killed run made and did not record could not be found out, as said above"
  elif [[ $advice ]]; then
    echo "$advice"
  else
    rm "$check"
  fi
}
