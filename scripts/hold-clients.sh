#!/usr/bin/env bash
# hold-clients.sh SECONDS: has clients of the proxy wait, until standard input ends, at most so long. Prints a line once they do.
# Run it as root.
#
# What they send is dropped, and TCP sends it again. Docker removes the rules of its published ports when it starts, and ends the
# programs that listen there, so that for a moment connections would be refused: issue 34660 of moby/moby.
set -euo pipefail

# rules OPTION: only for what is sent to this machine; containers send to port 443 elsewhere.
rules() {
  local port status=0
  for port in 80 443 5085; do
    iptables --wait --table raw "$1" PREROUTING --protocol tcp --dport "$port" \
      --match addrtype --dst-type LOCAL --jump DROP || status=1
  done
  return "$status"
}

trap 'rules --delete 2>/dev/null || true' EXIT
trap exit TERM INT HUP
rules --insert
echo held
read -r -t "$1" || true
