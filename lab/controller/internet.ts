/**
 * The lab's internet: a bridge with 198.18.N.0/24 and one host on it that plays what AWS's machines meet
 * there: name servers, AWS's own endpoints, a git server, a container registry, and, by masquerade, the
 * package registries of this machine's settings and nothing else.
 */
import { readFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { region } from "./control-api.ts";
import { docker, identity, label, volumeMount, type Container, type Lab } from "./docker.ts";

/** 198.18.N, the first three octets of the lab's internet. */
export function internetPrefix(lab: Lab): string {
  return `198.18.${lab.subnet}`;
}

export function internetName(lab: Lab): string {
  return `${lab.name}-internet`;
}

/** Bytes; tunnels and cloud hosts have less than Ethernet's 1500, and containers must not exceed it. */
export async function uplinkMtu(): Promise<number> {
  const routes = await readFile("/proc/net/route", "utf8");
  const uplink = routes
    .split("\n")
    .map((line) => line.split("\t"))
    .find(([, destination]) => destination === "00000000")?.[0];
  if (!uplink || !networkInterfaces()[uplink]) return 1500;
  return Number(await readFile(`/sys/class/net/${uplink}/mtu`, "utf8"));
}

/** Makes the internet where it is missing. */
export async function ensureInternet(lab: Lab, existing: Map<string, Container>): Promise<void> {
  if (existing.get(internetName(lab))?.running) return;
  const mtu = String(await uplinkMtu());
  const prefix = internetPrefix(lab);
  await ensureNetwork(lab, internetName(lab), mtu, [
    `--subnet=${prefix}.0/24`,
    // Routers take theirs from here; instances' public addresses are from .64 on.
    `--ip-range=${prefix}.32/27`,
    `--gateway=${prefix}.1`,
    "--opt=com.docker.network.bridge.enable_ip_masquerade=false",
  ]);
  await ensureNetwork(lab, `${lab.name}-uplink`, mtu, []);
  if (existing.has(internetName(lab))) await docker(["rm", "-f", internetName(lab)]);
  await docker([
    "create",
    ...identity(lab, "internet"),
    "--hostname=internet",
    "--cap-add=NET_ADMIN",
    "--sysctl=net.ipv4.ip_forward=1",
    "--sysctl=net.ipv4.conf.all.send_redirects=0",
    `--network=${internetName(lab)}`,
    `--ip=${prefix}.2`,
    `--volume=${lab.home}/share:/run/lab:ro`,
    volumeMount(lab, "internet-git", "/srv/git"),
    `--volume=${process.env.LAB_CACHE}/registry:/srv/registry:ro`,
    `--volume=${import.meta.dirname}:/lab:ro`,
    lab.images.net,
    "/lab/net/internet.sh",
    prefix,
    region,
    ...(await registryHosts(lab)),
  ]);
  await docker(["network", "connect", `${lab.name}-uplink`, internetName(lab)]);
  await docker(["start", internetName(lab)]);
}

async function ensureNetwork(lab: Lab, name: string, mtu: string, flags: string[]): Promise<void> {
  const found = await docker(["network", "ls", "-q", "--filter", `name=^${name}$`]);
  if (found) return;
  const common = [`--label=${label}=${lab.home}`, `--opt=com.docker.network.driver.mtu=${mtu}`];
  await docker(["network", "create", ...common, ...flags, name]);
}

/** Hosts of the package registries that machines may reach: as the images' own settings name them. */
async function registryHosts(lab: Lab): Promise<string[]> {
  const ask =
    "cat /etc/lab-registries; apt-get indextargets --format '$(REPO_URI)' | cut -d / -f 3";
  const command = ["run", "--rm", "--network=none", lab.images.machine, "sh", "-c", ask];
  return [...new Set((await docker(command)).split("\n"))];
}
