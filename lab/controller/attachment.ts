/** Gives containers their network interfaces. */
import type { Interface } from "./desired-state.ts";
import { exec, type Container, type Lab } from "./docker.ts";
import { uplinkMtu } from "./internet.ts";

/** A resource's container, its planned network interfaces and the container of its router. */
export interface Place {
  container: Container | undefined;
  /** Of which the first one has the default route. */
  nics: Interface[];
  router: Container;
  /** Address of the VPC's resolver. */
  resolver: string;
}

/** Routing table of the first of several network interfaces; the system's own are from 253 on. */
const firstTable = 100;

/** What was attached last, by container. */
const attached = new Map<string, string>();

/** Attaches the network interfaces that are missing: they are lost when their container or its router restarts. */
export async function attach(
  lab: Lab,
  started: Container,
  { nics, router }: Pick<Place, "nics" | "router">,
): Promise<void> {
  const { name, pid, startedAt } = started;
  const interfaces = nics.map(({ device, address, mac }) => [device, address, mac]);
  const key = `${startedAt} ${router.startedAt} ${JSON.stringify(interfaces)}`;
  if (attached.get(name) === key) return;
  const mtu = await uplinkMtu();
  for (const [index, nic] of nics.entries()) {
    const { ifname, address, prefix, gateway, mac, device } = nic;
    const values = [router.pid, pid, ifname, address, prefix, gateway, mac, mtu, device];
    const table = nics.length > 1 ? [firstTable + index] : [];
    await exec(`${lab.name}-helper`, ["/lab/net/attach.sh", ...[...values, ...table].map(String)]);
  }
  attached.set(name, key);
}

export function forgetAttachment(container: string): void {
  attached.delete(container);
}
