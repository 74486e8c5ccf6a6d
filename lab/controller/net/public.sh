#!/usr/bin/env bash
# Makes a router answer for exactly these public addresses on the lab's internet, and says so to the
# neighbours (gratuitous ARP), who may still know another router for them.
# usage: public.sh [ADDRESS...]
set -euo pipefail

ip neigh show proxy dev eth0 | while read -r address _; do
  ip neigh del proxy "$address" dev eth0
done
ip route flush table 100 2>/dev/null || true
for address in "$@"; do
  ip route add "$address/32" dev lo table 100
  ip neigh add proxy "$address" dev eth0
done
if [ $# -gt 0 ]; then
  exec python3 /lab/net/announce.py eth0 "$@"
fi
