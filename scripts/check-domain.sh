#!/usr/bin/env bash
# check-domain.sh: prints a note for whatever keeps the app's domain from leading to this machine: its certificate waits for
# that. Without a domain it prints nothing. It never fails: the app serves, and the DNS may be somebody else's.
set -euo pipefail
. "$(dirname "$0")/common.sh"
if [ "$host" = "$ADDRESS" ]; then exit; fi

# lookup 4|6: the addresses that the domain resolves to; with 6, without the IPv4 ones in IPv6's notation.
lookup() {
  local found
  found=$(getent --no-addrconfig "ahostsv$1" "$host") || return 0
  awk '$1 !~ /^::ffff:/ { print $1 }' <<<"$found" | sort -u | xargs
}

addresses=$(lookup 4) six=$(lookup 6)
if [ -z "$addresses" ]; then
  echo "note: $host has no address yet. If this record is not there, create it: $host. 60 IN A $ADDRESS"
elif [ "$addresses" != "$ADDRESS" ]; then
  echo "note: $host must resolve to $ADDRESS only; it resolves to $addresses: correct its DNS record of type A"
fi
if [ -n "$six" ]; then
  echo "note: $host has the AAAA record $six, but the app server has no IPv6: delete the record"
fi
