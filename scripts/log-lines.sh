# shellcheck shell=bash disable=SC2154  # common.sh sets these variables
# Sourced by logs.sh and ship-logs.sh: the lines of the containers, as people read them.

# logged ARGUMENT…: lines of all containers, the time first: "TIME CONTAINER TEXT". docker-compose begins lines by an
# escape code, whatever it is told.
logged() {
  "${compose[@]}" logs --no-color --timestamps "$@" |
    sed --unbuffered -E $'s/^\e\\[2K//; s/^([^ ]+)-1 +\\| ([^ ]+) ?/\\2 \\1 /'
}

# A request of the proxy's log becomes: CLIENT "REQUEST" STATUS BYTES "AGENT" SECONDS.
short_requests() {
  local request='"client_ip":"([^"]*)","proto":"([^"]*)","method":"([^"]*)","host":"[^"]*","uri":"([^"]*)"}'
  local answer='"duration":([0-9.e-]+),"size":([0-9]+),"status":([0-9]+),.*"agent":"([^"]*)"'
  sed --unbuffered -E "s/^([^ ]+ proxy) .*$request.*$answer.*/\\1 \\2 \"\\4 \\5 \\3\" \\8 \\7 \"\\9\" \\6 s/"
}
