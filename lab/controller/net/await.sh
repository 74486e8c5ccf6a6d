# shellcheck shell=bash
# Sourced by programs of the lab's internet that wait for a service.

# await WHAT LOG COMMAND…: until COMMAND succeeds; fails after 20 s, with WHAT and the last lines of the file LOG.
await() {
  local what=$1 log=$2 tenths
  shift 2
  for ((tenths = 0; tenths < 200; tenths++)); do
    if "$@"; then return; fi
    sleep 0.1
  done
  echo "$what for 20 s; the last lines of its log:"
  tail -n 5 "$log"
  return 1
}
