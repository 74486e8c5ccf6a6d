# shellcheck shell=bash
# The lab's processes. Each carries a mark in its environment, which its children inherit: so they are all found
# after any crash, and a process id that the system has given to another program since is never taken for one.

# marked_processes MARK…: ids of the processes that have one of the variables, given as NAME=VALUE.
marked_processes() {
  local marks=() mark
  for mark in "$@"; do marks+=(-e "$mark"); done
  { grep -lszxF "${marks[@]}" /proc/[0-9]*/environ || true; } | cut -d / -f 3
}

# end_processes SECONDS MARK…: SIGTERM to all that carry a mark and, after SECONDS, SIGKILL to who is left.
end_processes() {
  local pids deadline=$((EPOCHSECONDS + $1))
  shift
  mapfile -t pids < <(marked_processes "$@")
  if ((${#pids[@]} == 0)); then return; fi
  kill "${pids[@]}" 2>/dev/null || true
  while mapfile -t pids < <(marked_processes "$@") && ((${#pids[@]} > 0)); do
    if ((EPOCHSECONDS >= deadline)); then kill -KILL "${pids[@]}" 2>/dev/null || true; fi
    sleep 0.1
  done
}
