/**
 * The world: follows the AWS API's state and gives each resource its body. Started by lab/up; it may be
 * stopped and started at any time, since all it knows is read from the API and from Docker.
 */
import { writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { revision } from "./control-api.ts";
import { removeBody, stepDatabase, stepInstance, type Place } from "./containers.ts";
import { describe } from "./observed-state.ts";
import { containers, docker, identity, labFromEnvironment, type Container } from "./docker.ts";
import { ensureInternet } from "./internet.ts";
import { Jobs } from "./work-queue.ts";
import { plan, type Interface, type World } from "./desired-state.ts";
import { configureRouter, ensureRouter, routerName } from "./routers.ts";

/** Milliseconds between two looks at the API's revision: a change is seen within this time. */
const glance = 200;
/** Milliseconds after which everything is compared even if the API did not change: a container may die. */
const survey = 2000;
/** The same while something is under way, such as a database that starts: it moves Docker's state, not the API's. */
const pursuit = 700;

const lab = labFromEnvironment();

const jobs = new Jobs((text) => console.error(`${new Date().toISOString()} ${text}`));

/** The container from which network cards are put in: it sees the host's processes and nothing else. */
async function ensureHelper(existing: Map<string, Container>): Promise<void> {
  const name = `${lab.name}-helper`;
  if (existing.get(name)?.running) return;
  if (existing.has(name)) return void (await docker(["start", name]));
  await docker([
    "run",
    "--detach",
    ...identity(lab, "helper"),
    "--pid=host",
    "--network=none",
    "--cap-add=SYS_ADMIN",
    "--cap-add=NET_ADMIN",
    "--cap-add=SYS_PTRACE",
    "--security-opt=apparmor=unconfined",
    `--volume=${import.meta.dirname}:/lab:ro`,
    lab.images.net,
    "sleep",
    "infinity",
  ]);
}

/** Brings every body one step nearer to the plan. Returns in how many milliseconds to look again at the latest. */
async function step(): Promise<number> {
  const { start, missed } = jobs.look();
  const [world, existing] = await Promise.all([describe().then(plan), containers(lab)]);
  await ensureHelper(existing);
  start("internet", () => ensureInternet(lab, existing));
  for (const router of world.routers) {
    const container = existing.get(routerName(lab, router.vpcId));
    start(router.vpcId, () =>
      container?.running
        ? configureRouter(lab, world, router, container)
        : ensureRouter(lab, router, container),
    );
  }
  for (const instance of world.instances) {
    const place = placeOf(world, existing, instance.id);
    if (place) start(instance.id, () => stepInstance(lab, instance, place));
  }
  for (const database of world.databases) {
    const place = placeOf(world, existing, database.id);
    if (place) start(database.id, () => stepDatabase(lab, database, place));
  }
  const wanted = new Set([
    ...world.routers.map(({ vpcId }) => vpcId),
    ...world.instances.map(({ id }) => id),
    ...world.databases.map(({ id }) => id),
  ]);
  for (const { resource } of existing.values()) {
    if (resource && !wanted.has(resource)) start(resource, () => removeBody(lab, resource));
  }
  if (missed()) return 0;
  return jobs.underWay ? pursuit : survey;
}

/** Where a machine is plugged in; undefined while its router is not up. */
function placeOf(world: World, existing: Map<string, Container>, id: string): Place | undefined {
  for (const plan of world.routers) {
    const card: Interface | undefined = plan.interfaces.find(({ owner }) => owner === id);
    const router = existing.get(routerName(lab, plan.vpcId));
    if (card && router?.running) {
      return { container: existing.get(`${lab.name}-${id}`), card, router, plan };
    }
  }
  return undefined;
}

await ensureInternet(lab, await containers(lab));
await writeFile(`${lab.home}/world.ready`, "");
console.error(`${new Date().toISOString()} ready`);

let seen = -1;
let next = 0;
for (;;) {
  await jobs.tell("cannot look", async () => {
    const now = await revision();
    if (now === seen && Date.now() <= next) return;
    seen = now;
    next = Date.now() + (await step());
  });
  await sleep(glance);
}
