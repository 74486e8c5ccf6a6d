/** Brings the containers of load balancers to the desired state, and tells the API how their targets are. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { attach, type Place } from "../attachment.ts";
import {
  certificate,
  reportLoadBalancer,
  reportTargetHealth,
  type LoadBalancer,
  type TargetGroup,
  type TargetHealth,
} from "../control-api.ts";
import { engine, inspect, lastLines, runContainer, type Lab } from "../docker.ts";
import { loadBalancerResource } from "../ports.ts";
import { backendName, certificateFile, configuration, withTargets } from "./configuration.ts";
import { change, command, reload } from "./haproxy.ts";
import { parseServers, serverCommands, servingTargets, verdicts, type Server } from "./targets.ts";

/** Milliseconds between two looks at the health of targets. */
const pollInterval = 1_000;

export class LoadBalancers {
  private readonly lab: Lab;
  /** The last verdict on each target that the API knows, by target group. */
  private readonly known = new Map<string, Map<string, TargetHealth>>();
  private readonly active = new Set<string>();

  constructor(lab: Lab) {
    this.lab = lab;
  }

  async reconcile(loadBalancer: LoadBalancer, place: Place): Promise<void> {
    const { lab } = this;
    const home = this.home(loadBalancer);
    await mkdir(home, { recursive: true });
    const certificates = await certificatesOf(loadBalancer);
    const wanted = configuration(loadBalancer, certificates);
    // What a reload depends on; HAProxy itself does not tell what it has read.
    const mark = digest(JSON.stringify([wanted, ...certificates]));
    const isLoaded = (await readFile(`${home}/loaded`, "utf8").catch(() => "")) === mark;
    const isRunning = place.container?.running ?? false;
    if (!isLoaded) {
      const servers = isRunning ? await this.servers(loadBalancer) : new Map<string, Server[]>();
      await this.write(loadBalancer, wanted, certificates, servers);
    }
    if (!isRunning) await this.start(loadBalancer, place);
    await attach(lab, await inspect(this.container(loadBalancer)), place);
    if (isRunning && !isLoaded) await reload(`${home}/master.sock`);
    if (!isLoaded) await replace(`${home}/loaded`, mark);
    await this.changeTargets(loadBalancer);
    if (this.active.has(loadBalancer.id)) return;
    await reportLoadBalancer(loadBalancer.id);
    this.active.add(loadBalancer.id);
  }

  /** Looks once a second how the targets are, as long as the process lives. `run` runs a job and logs its errors. */
  async watch(
    desired: () => LoadBalancer[],
    run: (key: string, job: () => Promise<void>) => Promise<void>,
  ): Promise<never> {
    for (;;) {
      for (const loadBalancer of desired()) {
        const key = `health checks of ${loadBalancerResource(loadBalancer)}`;
        if (existsSync(this.socket(loadBalancer)))
          await run(key, () => this.reportHealth(loadBalancer));
      }
      this.forget(desired());
      await sleep(pollInterval);
    }
  }

  /** Tells the API the verdicts on targets that it does not know. */
  async reportHealth(loadBalancer: LoadBalancer): Promise<void> {
    const servers = await this.servers(loadBalancer);
    for (const group of loadBalancer.targetGroups)
      await this.reportGroup(loadBalancer, group, servers.get(backendName(group.id)) ?? []);
  }

  private async start(loadBalancer: LoadBalancer, { container }: Place): Promise<void> {
    const { lab } = this;
    if (container) await engine.getContainer(container.name).start();
    else
      await runContainer(lab, loadBalancerResource(loadBalancer), {
        Image: lab.images.net,
        Cmd: ["haproxy", "-W", "-S", "/run/lb/master.sock,mode,666", "-f", "/run/lb/haproxy.cfg"],
        HostConfig: { NetworkMode: "none", Binds: [`${this.home(loadBalancer)}:/run/lb`] },
      });
    await this.listening(loadBalancer);
  }

  private async write(
    loadBalancer: LoadBalancer,
    wanted: string,
    certificates: Map<number, string>,
    servers: Map<string, Server[]>,
  ): Promise<void> {
    const home = this.home(loadBalancer);
    for (const [port, pem] of certificates) await replace(`${home}/${certificateFile(port)}`, pem);
    const serving = loadBalancer.targetGroups.map((group): [string, string[]] => {
      const backend = backendName(group.id);
      return [backend, servingTargets(group, servers.get(backend) ?? [])];
    });
    await replace(`${home}/haproxy.cfg`, withTargets(wanted, new Map(serving)));
  }

  private async changeTargets(loadBalancer: LoadBalancer): Promise<void> {
    const socket = this.socket(loadBalancer);
    const servers = await this.servers(loadBalancer);
    for (const group of loadBalancer.targetGroups) {
      const present = servers.get(backendName(group.id)) ?? [];
      for (const line of serverCommands(group, present, loadBalancer.idleTimeout))
        await change(socket, line);
    }
  }

  private async reportGroup(
    loadBalancer: LoadBalancer,
    group: TargetGroup,
    servers: Server[],
  ): Promise<void> {
    const known = this.known.get(group.id) ?? new Map<string, TargetHealth>();
    const { health, commands } = verdicts(group, servers, known);
    for (const line of commands) await change(this.socket(loadBalancer), line);
    const changed = [...health].filter(
      ([name, target]) => JSON.stringify(known.get(name)) !== JSON.stringify(target),
    );
    if (changed.length > 0)
      await reportTargetHealth(
        group.id,
        changed.map(([, target]) => target),
      );
    this.known.set(group.id, health);
  }

  private async servers(loadBalancer: LoadBalancer): Promise<Map<string, Server[]>> {
    return parseServers(await command(this.socket(loadBalancer), "show stat"));
  }

  /** Waits for HAProxy to listen, which takes a moment after its start. */
  private async listening(loadBalancer: LoadBalancer): Promise<void> {
    for (let attempts = 50; ; attempts--) {
      try {
        return void (await this.servers(loadBalancer));
      } catch (error) {
        if (attempts === 0) throw await this.explained(error as Error, loadBalancer);
        await sleep(100);
      }
    }
  }

  /** With HAProxy's last words if it has ended. */
  private async explained(error: Error, loadBalancer: LoadBalancer): Promise<Error> {
    const { running, name } = await inspect(this.container(loadBalancer));
    if (running) return error;
    return new Error(`HAProxy has ended: ${await lastLines(name)}`, { cause: error });
  }

  private forget(desired: LoadBalancer[]): void {
    const groups = desired.flatMap(({ targetGroups }) => targetGroups.map(({ id }) => id));
    for (const id of this.known.keys()) if (!groups.includes(id)) this.known.delete(id);
    const ids = desired.map(({ id }) => id);
    for (const id of this.active) if (!ids.includes(id)) this.active.delete(id);
  }

  private home(loadBalancer: Pick<LoadBalancer, "id">): string {
    return `${this.lab.home}/load-balancers/${loadBalancerResource(loadBalancer)}`;
  }

  private socket(loadBalancer: LoadBalancer): string {
    return `${this.home(loadBalancer)}/admin.sock`;
  }

  private container(loadBalancer: LoadBalancer): string {
    return `${this.lab.name}-${loadBalancerResource(loadBalancer)}`;
  }
}

/** The certificates that the API has issued, in PEM with their keys, by port of the listener. */
async function certificatesOf({ listeners }: LoadBalancer): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  for (const { port, certificateArn } of listeners) {
    const issued = certificateArn ? await certificate(certificateArn) : undefined;
    if (issued) found.set(port, `${issued.certificate}\n${issued.chain}\n${issued.privateKey}\n`);
  }
  return found;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

async function replace(path: string, content: string): Promise<void> {
  await writeFile(`${path}.new`, content, { mode: 0o600 });
  await rename(`${path}.new`, path);
}
