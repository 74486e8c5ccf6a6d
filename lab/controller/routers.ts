/** Brings a VPC's router to its plan: the container, what it tells machines, its rules and addresses. */
import { mkdir, rename, writeFile } from "node:fs/promises";
import { engine, exec, runContainer, type Container, type Lab } from "./docker.ts";
import { internetName, internetPrefix } from "./internet.ts";
import { credentialsOf, credentialsOfTask, region } from "./control-api.ts";
import { metadataOf, metadataOfTask } from "./instance-metadata.ts";
import type { Router, DesiredState } from "./desired-state.ts";
import { ruleset } from "./nftables.ts";

/** What was applied last to a router, so that nothing is applied twice; forgotten when it restarts. */
const applied = new Map<
  string,
  { startedAt: string; rules: string; public: string; hosts: string }
>();

export function routerName(lab: Lab, vpcId: string): string {
  return `${lab.name}-${vpcId}`;
}

/** Starts the router's container where it is missing; it is configured on the next round. */
export async function ensureRouter(
  lab: Lab,
  router: Router,
  found: Container | undefined,
): Promise<void> {
  if (found?.running) return;
  if (found) return void (await engine.getContainer(found.name).start());
  const state = await stateDirectory(lab, router.vpcId);
  await runContainer(lab, router.vpcId, {
    Image: lab.images.net,
    Cmd: ["/lab/net/router.sh", internetPrefix(lab), router.resolver],
    HostConfig: {
      CapAdd: ["NET_ADMIN"],
      Sysctls: {
        "net.ipv4.ip_forward": "1",
        "net.ipv4.conf.all.rp_filter": "0",
        "net.ipv4.conf.default.rp_filter": "0",
        // Interfaces of machines are attached later and inherit this: the router answers ARP for every neighbour.
        "net.ipv4.conf.default.proxy_arp": "1",
        "net.ipv4.conf.all.send_redirects": "0",
      },
      NetworkMode: internetName(lab),
      // The controller could not write files that the container makes in /run/vpc as root.
      Binds: [`${import.meta.dirname}:/lab:ro`, `${state}:/run/vpc:ro`],
    },
  });
}

/** Applies rules, public addresses, names and metadata where they differ from what was applied last. */
export async function configureRouter(
  lab: Lab,
  desired: DesiredState,
  router: Router,
  found: Container,
): Promise<void> {
  const before = applied.get(router.vpcId);
  const fresh = before?.startedAt !== found.startedAt;
  const isHere = ({ vpcId }: { vpcId: string }) => vpcId === router.vpcId;
  const metadata = await Promise.all([
    ...desired.instances
      .filter(isHere)
      .map(async (instance) => metadataOf(instance, region, await credentialsOf(instance))),
    ...desired.tasks
      .filter(isHere)
      .map(async (task) => metadataOfTask(task, await credentialsOfTask(task))),
  ]);
  const state = await stateDirectory(lab, router.vpcId);
  await replaceFile(
    `${state}/metadata.json`,
    JSON.stringify(Object.fromEntries(metadata), null, 1),
  );

  const hosts = router.hosts.map(({ name, address }) => `${address} ${name}\n`).join("");
  if (fresh || before.hosts !== hosts) {
    // Kept in place: dnsmasq reads it again on SIGHUP.
    await writeFile(`${state}/hosts`, hosts);
    await exec(found.name, ["pkill", "-HUP", "dnsmasq"]);
  }
  const rules = ruleset(router);
  if (fresh || before.rules !== rules) await exec(found.name, ["nft", "-f", "-"], rules);

  const addresses = [
    ...router.interfaces.flatMap(({ publicIp }) => publicIp ?? []),
    ...router.nats.map(({ publicIp }) => publicIp),
  ].sort();
  if (fresh || before.public !== addresses.join()) {
    await exec(found.name, ["/lab/net/public.sh", ...addresses]);
  }
  applied.set(router.vpcId, { startedAt: found.startedAt, rules, public: addresses.join(), hosts });
}

async function stateDirectory(lab: Lab, vpcId: string): Promise<string> {
  const path = `${lab.home}/vpc/${vpcId}`;
  await mkdir(path, { recursive: true });
  return path;
}

/** Readers see the old text or the new one, never a part. */
async function replaceFile(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await rename(`${path}.new`, path);
}
