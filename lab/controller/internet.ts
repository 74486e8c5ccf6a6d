/**
 * The lab's internet: a bridge with 198.18.N.0/24 and one host on it that plays what AWS's machines meet
 * there: name servers, AWS's own endpoints, ECR, Let's Encrypt, a git server, a container registry, and, by
 * masquerade, the package registries of this machine's settings and nothing else.
 */
import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import type { NetworkCreateOptions } from "dockerode";
import { acmRoot, region, type PublicDns } from "./control-api.ts";
import {
  docker,
  engine,
  exec,
  ignoring,
  inspect,
  label,
  runContainer,
  volume,
  type Container,
  type Lab,
} from "./docker.ts";
import { configureDns, prepareDns } from "./public-dns.ts";

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

/**
 * Makes the internet where it is missing. Resolves once its services listen.
 *
 * @param dns what its name servers are to answer; if it is not known yet, they answer what they did
 */
export async function ensureInternet(
  lab: Lab,
  existing: Map<string, Container>,
  dns?: PublicDns,
): Promise<void> {
  let internet = existing.get(internetName(lab));
  if (!internet?.running) {
    await startInternet(lab, existing);
    internet = await inspect(internetName(lab));
  }
  if (trusted !== internet.startedAt) {
    await trustRoots(lab);
    trusted = internet.startedAt;
  }
  if (dns) await configureDns(lab, internet, dns);
}

/** When the internet was started whose root certificate is in the lab's ca.pem. */
let trusted = "";

/**
 * Adds the roots of the lab's Let's Encrypt and of its ACM to the lab's ca.pem, which clients trust. Each start of the internet
 * makes a new root of Let's Encrypt; the machines keep their certificates. Machines trust ACM's, as every system trusts Amazon's.
 */
async function trustRoots(lab: Lab): Promise<void> {
  const file = `${lab.home}/ca.pem`;
  const letsEncrypt = await exec(internetName(lab), ["/lab/net/await-internet.sh"]);
  const roots = await readFile(file, "utf8").catch(() => "");
  const acm = (await acmRoot()).trim();
  const certificate = `${lab.home}/share/certs/acm-ca.crt`;
  await writeFile(certificate, `${acm}\n`);
  // Whatever the umask is: users of machines read it, too.
  await chmod(certificate, 0o644);
  const missing = [letsEncrypt, acm].filter((root) => !roots.includes(root));
  if (missing.length === 0) return;
  await writeFile(`${file}.new`, roots + missing.map((root) => `${root}\n`).join(""));
  await rename(`${file}.new`, file);
}

async function startInternet(lab: Lab, existing: Map<string, Container>): Promise<void> {
  const [name, uplink] = [internetName(lab), `${lab.name}-uplink`];
  const prefix = internetPrefix(lab);
  // Routers take theirs from the range; instances' public addresses are from .64 on.
  const subnet = { Subnet: `${prefix}.0/24`, IPRange: `${prefix}.32/27`, Gateway: `${prefix}.1` };
  const inside = { "com.docker.network.bridge.enable_ip_masquerade": "false" };
  await ensureNetwork(lab, name, { IPAM: { Config: [subnet] }, Options: inside });
  await ensureNetwork(lab, uplink, {});
  await prepareDns(lab);
  // Docker would make it as root's.
  await mkdir(`${lab.home}/ecr`, { recursive: true });
  if (existing.has(name)) await engine.getContainer(name).remove({ force: true });
  const options = {
    Image: lab.images.net,
    Hostname: "internet",
    Cmd: ["/lab/net/internet.sh", prefix, region, ...(await registryHosts(lab))],
    NetworkingConfig: {
      EndpointsConfig: { [name]: { IPAMConfig: { IPv4Address: `${prefix}.2` } } },
    },
    HostConfig: {
      NetworkMode: name,
      CapAdd: ["NET_ADMIN"],
      Sysctls: { "net.ipv4.ip_forward": "1", "net.ipv4.conf.all.send_redirects": "0" },
      Binds: [
        `${lab.home}/share:/run/lab:ro`,
        await volume(lab, "internet-git", "/srv/git"),
        `${process.env.LAB_CACHE}/registry:/srv/registry:ro`,
        `${lab.home}/ecr:/run/ecr`,
        await volume(lab, "internet-ecr", "/srv/ecr"),
        `${import.meta.dirname}:/lab:ro`,
      ],
    },
  };
  await runContainer(lab, "internet", options, uplink);
}

async function ensureNetwork(lab: Lab, Name: string, options: Partial<NetworkCreateOptions>) {
  const Options = {
    ...options.Options,
    "com.docker.network.driver.mtu": String(await uplinkMtu()),
  };
  const Labels = { [label]: lab.home };
  const network = { ...options, Name, CheckDuplicate: true, Labels, Options };
  await engine.createNetwork(network).catch(ignoring(409));
}

/** Hosts of the package registries that machines may reach: as the images' own settings name them. */
async function registryHosts(lab: Lab): Promise<string[]> {
  const ask =
    "cat /etc/lab-registries; apt-get indextargets --format '$(REPO_URI)' | cut -d / -f 3";
  const command = ["run", "--rm", "--network=none", lab.images.machine, "sh", "-c", ask];
  return [...new Set((await docker(command)).split("\n"))];
}
