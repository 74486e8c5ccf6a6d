/**
 * The controller: reads the AWS API, computes the desired state and reconciles Docker with it. lab/up starts it. It may be
 * stopped and started at any time: everything that it remembers can be read again from the API and from Docker.
 */
import { writeFile } from "node:fs/promises";
import { Changes } from "./changes.ts";
import type { Place } from "./attachment.ts";
import { removeContainer, reconcileDatabase, reconcileInstance } from "./containers.ts";
import { describe } from "./observed-state.ts";
import { containers, engine, labFromEnvironment, runContainer, type Container } from "./docker.ts";
import { ensureRegistry, registrySocket } from "./ecr/registry.ts";
import { serveEcr } from "./ecr/server.ts";
import { ensureInternet } from "./internet.ts";
import { KeyedJobs } from "./keyed-jobs.ts";
import { LoadBalancers } from "./load-balancers/load-balancers.ts";
import { HealthChecks } from "./metrics/health-checks.ts";
import { watchMachines } from "./metrics/machines.ts";
import { loadBalancerResource, taskResource } from "./ports.ts";
import type { DesiredState } from "./desired-state.ts";
import { DesiredStateCache } from "./desired-state-cache.ts";
import { configureRouter, ensureRouter, routerName } from "./routers.ts";
import { removeSnapshot, storedSnapshots } from "./snapshots.ts";
import { removeTaskImage } from "./tasks/images.ts";
import { TaskLogs } from "./tasks/logs.ts";
import { awaitsStart, Tasks } from "./tasks/tasks.ts";
import { TaskUsage } from "./tasks/usage.ts";

/** Milliseconds after which everything is reconciled without a change, in case that a watch has missed one. */
const resyncInterval = 10_000;
/** The same while jobs run or statuses are awaited: a job that failed is tried again. */
const activeInterval = 700;

const lab = labFromEnvironment();

const log = (text: string) => console.error(`${new Date().toISOString()} ${text}`);
const jobs = new KeyedJobs(log);
const changes = new Changes(lab, log);
const cache = new DesiredStateCache(describe);
const runAndLog = (key: string, job: () => Promise<void>) => jobs.runAndLog(key, job);
const loadBalancers = new LoadBalancers(lab);
const tasks = new Tasks(lab, new TaskLogs(lab), runAndLog);
/** What the last pass was about; undefined before the first one. */
let latest: DesiredState | undefined;

/** The container that attaches network interfaces: it sees the host's processes and nothing else. */
async function ensureHelper(existing: Map<string, Container>): Promise<void> {
  const helper = existing.get(`${lab.name}-helper`);
  if (helper?.running) return;
  if (helper) return void (await engine.getContainer(helper.name).start());
  await runContainer(lab, "helper", {
    Image: lab.images.net,
    Cmd: ["sleep", "infinity"],
    HostConfig: {
      PidMode: "host",
      NetworkMode: "none",
      CapAdd: ["SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE"],
      SecurityOpt: ["apparmor=unconfined"],
      Binds: [`${import.meta.dirname}:/lab:ro`],
    },
  });
}

/**
 * Starts a job for each desired resource, and a removal for each container without one. Resolves to the milliseconds until
 * the next pass, at the latest.
 */
async function reconcile(): Promise<number> {
  const { start, missed } = jobs.pass();
  const [desired, existing, stored] = await Promise.all([
    cache.at(changes.revision),
    containers(lab),
    storedSnapshots(lab),
  ]);
  latest = desired;
  await ensureHelper(existing);
  start("internet", () => ensureInternet(lab, existing, desired.dns));
  for (const router of desired.routers) {
    const container = existing.get(routerName(lab, router.vpcId));
    start(router.vpcId, () =>
      container?.running
        ? configureRouter(lab, desired, router, container)
        : ensureRouter(lab, router, container),
    );
  }
  // A resource waits for its router.
  const attached = (resource: string, job: (place: Place) => Promise<void>) => {
    const place = placeOf(desired, existing, resource);
    if (place) start(resource, () => job(place));
  };
  for (const instance of desired.instances)
    attached(instance.id, (place) => reconcileInstance(lab, instance, place));
  for (const database of desired.databases)
    attached(database.id, (place) => reconcileDatabase(lab, database, place));
  for (const balancer of desired.loadBalancers)
    attached(loadBalancerResource(balancer), (place) => loadBalancers.reconcile(balancer, place));
  for (const task of desired.tasks)
    attached(taskResource(task), (place) => tasks.reconcile(task, place));
  const wanted = new Set([
    ...["internet", "helper"],
    ...desired.routers.map(({ vpcId }) => vpcId),
    ...desired.instances.map(({ id }) => id),
    ...desired.databases.map(({ id }) => id),
    ...desired.loadBalancers.map(loadBalancerResource),
    ...desired.tasks.map(taskResource),
  ]);
  for (const { resource, image } of existing.values()) {
    if (!resource || wanted.has(resource)) continue;
    start(resource, () => removeContainer(lab, resource).then(() => removeTaskImage(image)));
  }
  // A volume is made for a snapshot that a pass has read, and no later pass reads an older state.
  for (const snapshot of stored) {
    if (desired.snapshots.includes(snapshot)) continue;
    start(`snapshot ${snapshot}`, () => removeSnapshot(lab, snapshot));
  }
  if (missed()) return 0;
  return jobs.underWay || awaitsStatus(desired) ? activeInterval : resyncInterval;
}

/** Where a resource is attached; undefined while its router does not run. */
function placeOf(
  desired: DesiredState,
  existing: Map<string, Container>,
  resource: string,
): Place | undefined {
  for (const router of desired.routers) {
    const nics = router.interfaces.filter(({ owner }) => owner === resource);
    const running = existing.get(routerName(lab, router.vpcId));
    if (nics.length > 0 && running?.running) {
      return {
        container: existing.get(`${lab.name}-${resource}`),
        nics,
        router: running,
        resolver: router.resolver,
      };
    }
  }
  return undefined;
}

/** Whether an instance, a database or a task is on its way to another status. */
function awaitsStatus({ instances, databases, ...desired }: DesiredState): boolean {
  const transitions = ["pending", "stopping", "shutting-down", "creating", "deleting"];
  return (
    instances.some(({ state, rebooting }) => rebooting || transitions.includes(state)) ||
    databases.some(
      ({ status, pendingSnapshots }) => transitions.includes(status) || pendingSnapshots.length > 0,
    ) ||
    desired.tasks.some((task) => awaitsStart(task))
  );
}

await ensureInternet(lab, await containers(lab));
const registry = { socket: registrySocket(lab), ensure: () => ensureRegistry(lab) };
await serveEcr(`${lab.home}/share/ecr.sock`, registry, log);
await writeFile(`${lab.home}/controller.ready`, "");
log("ready");

changes.watch();
void loadBalancers.watch(() => latest?.loadBalancers ?? [], runAndLog);
void new TaskUsage(lab).watch(() => latest?.tasks ?? [], runAndLog);
void watchMachines(lab, () => latest, runAndLog);
void new HealthChecks(lab, () => changes.revision).watch(runAndLog);
for (let interval = 0; ;) {
  await changes.next(interval);
  await jobs.runAndLog("cannot reconcile", async () => {
    interval = activeInterval;
    interval = await reconcile();
  });
}
