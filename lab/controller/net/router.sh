#!/usr/bin/env bash
# First process of a VPC's router: the ways out, the resolver and the metadata service.
# usage: router.sh INTERNET RESOLVER
#   INTERNET  198.18.N of the lab's internet
#   RESOLVER  address of the VPC's resolver (base + 2)
set -euo pipefail
internet=$1 resolver=$2

# Lab hosts are neighbours; public addresses, even those of this router, are reached by way of the
# internet, so that a machine that asks another's public address arrives with its own public address.
ip route replace "$internet.0/26" dev eth0
ip route replace default via "$internet.2"
ip route del "$internet.0/24" dev eth0
# Linux answers ARP for an address that is not its own only if its route leads elsewhere: to lo, for
# what comes in from the internet.
ip rule add iif eth0 lookup 100
ip ntable change name arp_cache dev eth0 proxy_delay 0

for address in "$resolver" 169.254.169.253 169.254.169.254 169.254.170.2; do
  ip address add "$address/32" dev lo
done

dnsmasq --no-resolv --no-hosts --addn-hosts=/run/vpc/hosts --server="$internet.2" \
  --listen-address="$resolver,169.254.169.253" --bind-interfaces --user=root \
  --local=/rds.amazonaws.com/ --server="/pki.rds.amazonaws.com/$internet.2" \
  --local=/compute.internal/ --cache-size=0

exec python3 /lab/net/metadata.py /run/vpc/metadata.json
