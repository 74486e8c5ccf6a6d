#!/usr/bin/env bash
# Gives a machine its network interface: a veth pair from the router's namespace into the machine's.
# Does nothing where the interface is there. Runs in the helper container, which sees the host's processes.
# usage: attach.sh ROUTER_PID MACHINE_PID IFNAME ADDRESS PREFIX GATEWAY MAC MTU
set -euo pipefail
router=$1 machine=$2 ifname=$3 address=$4 prefix=$5 gateway=$6 mac=$7 mtu=$8

in_router() { nsenter --target "$router" --net "$@"; }
in_machine() { nsenter --target "$machine" --net "$@"; }

if in_machine ip link show eth0 >/dev/null 2>&1; then
  # The pair lives and dies as one: an interface whose other end is in this router is whole.
  in_router ip link show "$ifname" >/dev/null 2>&1 && exit 0
  in_machine ip link delete eth0
fi
in_router ip link delete "$ifname" 2>/dev/null || true

in_router ip link add "$ifname" mtu "$mtu" type veth peer name eth0 netns "$machine"
# Linux waits up to 0.8 s before it answers ARP for another; a router of AWS does not.
in_router ip ntable change name arp_cache dev "$ifname" proxy_delay 0
in_router ip link set "$ifname" up
in_router ip address add "$gateway/32" dev "$ifname"
in_router ip route replace "$address/32" dev "$ifname"

in_machine ip link set lo up
in_machine ip link set eth0 address "$mac" mtu "$mtu" up
in_machine ip address add "$address/$prefix" broadcast + dev eth0
in_machine ip route add default via "$gateway"
