/**
 * The nftables ruleset of one VPC's router, as text. The whole VPC is in it: every packet, even between
 * two machines of one subnet, crosses the router, where the machine's root has no hand.
 *
 * A packet from a machine passes three gates in this order: its subnet's route table (prerouting sets a
 * mark), the egress rules of its own security groups, the ingress rules of the target's. Each gate only
 * drops or returns, so that none can speak for another.
 */
import type { Permission } from "./observed-state.ts";
import type { Interface, Router } from "./desired-state.ts";

/** Interface of the router towards the lab's internet. */
export const UPLINK = "eth0";

/** Packet marks: the way out that the route table chose; NAT gateways are numbered from NAT on. */
const MARK = { local: 1, internet: 2, endpoint: 3, nat: 16 };

export function ruleset(router: Router): string {
  const { interfaces, nats } = router;
  const published = interfaces.filter(({ publicIp }) => publicIp);
  const natMark = (id: string) => MARK.nat + nats.findIndex((nat) => nat.id === id);
  return `table ip vpc
delete table ip vpc
table ip vpc {
${[...groupMembers(interfaces)].map(([id, addresses]) => set(id, addresses)).join("\n")}
${map(
  "public_of",
  published.map(({ address, publicIp }) => [address, publicIp!]),
)}
${map(
  "private_of",
  published.map(({ address, publicIp }) => [publicIp!, address]),
)}
${interfaces.map((nic) => routeChain(nic, natMark) + gate("out", nic) + gate("in", nic)).join("")}
${preroutingChain(interfaces)}
  chain inbound {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "${UPLINK}" dnat to ip daddr map @private_of
  }
${forwardChain(interfaces)}
  set public_sources {
    type ipv4_addr
    ${elements(published.map(({ address }) => address))}
  }
${postroutingChain(router, natMark)}
${inputAndOutputChains(router)}
}
`;
}

/** Addresses by security group; a group that a rule names may have none. */
function groupMembers(interfaces: Interface[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { groupIds, ingress, egress, address } of interfaces) {
    for (const { groupIds: named } of [...ingress, ...egress]) {
      for (const id of named) groups.set(id, groups.get(id) ?? []);
    }
    for (const id of groupIds) groups.set(id, [...(groups.get(id) ?? []), address]);
  }
  return groups;
}

function preroutingChain(interfaces: Interface[]): string {
  return `  chain routes {
    type filter hook prerouting priority mangle; policy accept;
${interfaces.map((nic) => `    iifname "${nic.ifname}" ip saddr != ${nic.address} drop`).join("\n")}
    iifname vmap { ${verdicts(interfaces, "route")} }
  }`;
}

function forwardChain(interfaces: Interface[]): string {
  return `  chain forward {
    type filter hook forward priority filter; policy drop;
    # The router takes its public addresses in by way of lo; what is not for a machine ends there.
    oifname "lo" drop
    iifname != "${UPLINK}" meta mark 0 drop
    meta mark ${MARK.local} oifname "${UPLINK}" drop
    meta mark ${MARK.internet} ip saddr != @public_sources drop
    # The request came through a public address and the answer goes to a NAT gateway, so no client expects it.
    meta mark >= ${MARK.nat} ct direction reply drop
    ct state established,related accept
    ct state invalid drop
    iifname vmap { ${verdicts(interfaces, "out")} }
    oifname vmap { ${verdicts(interfaces, "in")} }
    meta mark != 0 accept
    iifname "${UPLINK}" oifname != "${UPLINK}" accept
  }`;
}

function postroutingChain({ nats }: Router, natMark: (id: string) => number): string {
  return `  chain outbound {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "${UPLINK}" meta mark ${MARK.internet} snat to ip saddr map @public_of
    oifname "${UPLINK}" meta mark ${MARK.endpoint} masquerade
${nats.map(({ id, publicIp }) => `    oifname "${UPLINK}" meta mark ${natMark(id)} snat to ${publicIp}`).join("\n")}
  }`;
}

function inputAndOutputChains(router: Router): string {
  return `  # The router itself accepts requests to the resolver and the metadata service only.
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    iifname != "${UPLINK}" ip daddr { ${router.resolver}, 169.254.169.253 } meta l4proto { tcp, udp } th dport 53 accept
${metadataCards(router)
  .map(({ ifname }) => `    iifname "${ifname}" ip daddr 169.254.169.254 tcp dport 80 accept`)
  .join("\n")}
${router.interfaces
  .filter(({ ofTask }) => ofTask)
  .map(({ ifname }) => `    iifname "${ifname}" ip daddr 169.254.170.2 tcp dport 80 accept`)
  .join("\n")}
  }
  chain output {
    type filter hook output priority filter; policy accept;
${metadataCards(router)
  .map(
    ({ address, metadataHops }) =>
      `    ip saddr 169.254.169.254 ip daddr ${address} ip ttl set ${metadataHops}`,
  )
  .join("\n")}
  }`;
}

function metadataCards(router: Router): Interface[] {
  return router.interfaces.filter(({ metadataHops }) => metadataHops !== undefined);
}

function elements(values: string[]): string {
  return values.length > 0 ? `elements = { ${[...new Set(values)].join(", ")} }` : "";
}

function set(id: string, addresses: string[]): string {
  return `  set ${id} {\n    type ipv4_addr\n    ${elements(addresses)}\n  }`;
}

function map(name: string, pairs: [string, string][]): string {
  const values = pairs.map(([key, value]) => `${key} : ${value}`);
  return `  map ${name} {\n    type ipv4_addr : ipv4_addr\n    ${elements(values)}\n  }`;
}

function verdicts(interfaces: Interface[], chain: string): string {
  return interfaces.map(({ ifname }) => `"${ifname}" : jump ${chain}-${ifname}`).join(", ");
}

function routeChain({ ifname, routes }: Interface, natMark: (id: string) => number): string {
  const lines = routes.map(({ cidr, via }) => {
    const mark = via === "blackhole" ? 0 : typeof via === "string" ? MARK[via] : natMark(via.nat);
    return `    ip daddr ${cidr} meta mark set ${mark} return\n`;
  });
  return `  chain route-${ifname} {\n${lines.join("")}  }\n`;
}

/** Security groups of one machine, one direction: return what a rule allows, drop the rest. */
function gate(direction: "in" | "out", { ifname, ingress, egress }: Interface): string {
  const permissions = direction === "in" ? ingress : egress;
  const peer = direction === "in" ? "ip saddr" : "ip daddr";
  const lines = permissions.flatMap((permission) =>
    [...permission.cidrs, ...permission.groupIds.map((id) => `@${id}`)].map(
      (from) => `    ${peer} ${from} ${traffic(permission)}return\n`,
    ),
  );
  return `  chain ${direction}-${ifname} {\n${lines.join("")}    drop\n  }\n`;
}

function traffic({ protocol, from, to }: Permission): string {
  switch (protocol) {
    case "-1":
      return "";
    case "tcp":
    case "udp":
      return from < 0 ? `meta l4proto ${protocol} ` : `${protocol} dport ${from}-${to} `;
    case "icmp":
      return from < 0
        ? "meta l4proto icmp "
        : `icmp type ${from} ${to < 0 ? "" : `icmp code ${to} `}`;
    default:
      return `meta l4proto ${protocol} `;
  }
}
