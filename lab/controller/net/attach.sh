#!/usr/bin/env bash
# Gives a container a network interface: a veth pair from the router's namespace into the container's.
# Does nothing where the interface is there. Runs in the helper container, which sees the host's processes.
# usage: attach.sh ROUTER_PID CONTAINER_PID IFNAME ADDRESS PREFIX GATEWAY MAC MTU DEVICE [TABLE]
#   IFNAME, DEVICE  names of the two ends: in the router, and in the container
#   TABLE           number of the routing table of this interface; for a container with several of them
set -euo pipefail
router=$1 container=$2 ifname=$3 address=$4 prefix=$5 gateway=$6 mac=$7 mtu=$8 device=$9 table=${10:-}

in_router() { nsenter --target "$router" --net "$@"; }
in_container() { nsenter --target "$container" --net "$@"; }

if in_container ip link show "$device" >/dev/null 2>&1; then
  # The pair lives and dies as one: an interface whose other end is in this router is whole.
  in_router ip link show "$ifname" >/dev/null 2>&1 && exit 0
  in_container ip link delete "$device"
fi
in_router ip link delete "$ifname" 2>/dev/null || true

in_router ip link add "$ifname" mtu "$mtu" type veth peer name "$device" netns "$container"
# Linux waits up to 0.8 s before it answers ARP for another; a router of AWS does not.
in_router ip ntable change name arp_cache dev "$ifname" proxy_delay 0
in_router ip link set "$ifname" up
in_router ip address add "$gateway/32" dev "$ifname"
in_router ip route replace "$address/32" dev "$ifname"

in_container ip link set lo up
in_container ip link set "$device" address "$mac" mtu "$mtu" up
in_container ip address add "$address/$prefix" broadcast + dev "$device"
# A reply leaves by the interface whose address was asked: the router drops a packet that another one's address sends.
if [[ $table ]]; then
  in_container ip route replace default via "$gateway" dev "$device" table "$table"
  in_container ip rule delete from "$address" 2>/dev/null || true
  in_container ip rule add from "$address" lookup "$table"
fi
# Programs wait for the default route, so it comes last.
if [[ $device == eth0 ]]; then in_container ip route add default via "$gateway"; fi
