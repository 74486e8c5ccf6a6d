#!/usr/bin/env bash
# First process of the host that plays the internet in the lab.
# usage: internet.sh PREFIX REGION REGISTRY_HOST...
#   PREFIX         198.18.N
#   REGION         whose S3 has an address of its own, so that gateway endpoints lead there and nowhere else
#   REGISTRY_HOST  package registries that machines may reach; everything else outside is refused
set -euo pipefail
prefix=$1 region=$2
shift 2

# eth0 or eth1, whichever Docker chose, has the route to the outside.
inside=$(ip -json route get "$prefix.1" | sed 's/.*"dev":"\([^"]*\)".*/\1/')
for link in /sys/class/net/eth*; do
  [ "${link##*/}" = "$inside" ] || outside=${link##*/}
done
gateway=$(ip -4 -json address show dev "$outside" | sed 's/.*"local":"\([0-9.]*\)\.[0-9]*".*/\1/').1
ip route replace default via "$gateway" dev "$outside"
ip address add "$prefix.4/24" dev "$inside"

nft -f - <<EOF
table ip lab {
  set registries {
    type ipv4_addr
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    tcp flags syn tcp option maxseg size set rt mtu
    iifname "$inside" oifname "$inside" accept
    ct state established,related accept
    iifname "$inside" ip daddr @registries accept
  }
  # Let's Encrypt visits whatever address a name resolves to. Docker's resolver asks the host's from here.
  chain output {
    type filter hook output priority filter; policy accept;
    ct state established,related accept
    oifname "$outside" meta l4proto { tcp, udp } th dport != 53 ip daddr != @registries reject
  }
  chain outbound {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "$outside" masquerade
  }
}
EOF

# Docker's resolver (127.0.0.11) asks the host's; only for the registries' names.
servers=()
for host in "$@"; do
  servers+=("--server=/$host/127.0.0.11" "--nftset=/$host/4#ip#lab#registries")
done
# The controller writes the two files, public-dns.ts: A records, which come before the names here, and zones. A name of a load
# balancer that is gone does not exist.
dnsmasq --no-resolv --no-hosts --user=root --bind-interfaces --listen-address="$prefix.2" --filter-AAAA \
  --address="/amazonaws.com/$prefix.2" --address="/s3.$region.amazonaws.com/$prefix.4" \
  --address="/lab.test/$prefix.2" --address="/api.letsencrypt.org/$prefix.2" "${servers[@]}" \
  --local="/$region.elb.amazonaws.com/" --addn-hosts=/run/lab/dns/hosts --servers-file=/run/lab/dns/zones

/lab/net/lets-encrypt.sh

if [ -d /srv/registry/docker ]; then
  docker-registry serve /lab/net/registry.yml >/var/log/registry.log 2>&1 &
fi
git init --quiet --bare --initial-branch=main /srv/git/published.git
echo "x-access-token:{PLAIN}$(cat /run/lab/git-token)" >/run/git-users
spawn-fcgi -s /run/fcgiwrap.sock -M 0666 -- /usr/sbin/fcgiwrap -f
exec nginx -c /lab/net/nginx.conf
