/** Reconciles the containers of instances and databases with the desired state. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { masterPassword, report } from "./control-api.ts";
import type { Database, Instance } from "./observed-state.ts";
import {
  engine,
  exec,
  ignoring,
  inspect,
  lastLines,
  runContainer,
  volume,
  type Lab,
} from "./docker.ts";
import { attach, forgetAttachment, type Place } from "./attachment.ts";
import { fillFromSnapshot, takeSnapshot } from "./snapshots.ts";

/**
 * What Docker inside a machine needs of the outer one; tried one by one. `--privileged` instead would ask
 * for capabilities that the host itself may lack.
 */
const capabilities = readFileSync(`${import.meta.dirname}/capabilities`, "utf8")
  .trim()
  .split("\n");

/** Seconds that a machine has to stop its services before it is killed. */
const stopTimeout = 40;

export async function reconcileInstance(lab: Lab, instance: Instance, place: Place): Promise<void> {
  switch (instance.state) {
    case "pending":
    case "running":
      await startMachine(lab, instance, place);
      if (instance.state === "pending") await report(instance.id, "running");
      if (instance.rebooting) await report(instance.id, "rebooted");
      return;
    case "stopping":
      if (place.container?.running) await engine.getContainer(place.container.name).stop();
      return report(instance.id, "stopped");
    case "shutting-down":
      await removeContainer(lab, instance.id);
      return report(instance.id, "terminated");
  }
}

async function startMachine(lab: Lab, instance: Instance, place: Place): Promise<void> {
  const name = `${lab.name}-${instance.id}`;
  const { container } = place;
  if (container?.running && !instance.rebooting) return attach(lab, container, place);
  if (!container) await runMachine(lab, instance, place.resolver);
  // It starts a container that has ended.
  else await engine.getContainer(name).restart();
  await attach(lab, await inspect(name), place);
}

async function runMachine(lab: Lab, instance: Instance, resolver: string): Promise<void> {
  await runContainer(lab, instance.id, {
    Image: lab.images.machine,
    Hostname: `ip-${instance.address.replaceAll(".", "-")}`,
    StopTimeout: stopTimeout,
    HostConfig: {
      NetworkMode: "none",
      Dns: [resolver],
      CapAdd: capabilities,
      SecurityOpt: ["seccomp=unconfined", "apparmor=unconfined"],
      // Spread, as @types/dockerode lacks it.
      ...{ CgroupnsMode: "host" },
      Binds: [
        "/sys/fs/cgroup:/sys/fs/cgroup:rw",
        await volume(lab, instance.id, "/var/lib/docker"),
        `${lab.home}/share/certs:/usr/local/share/ca-certificates/lab:ro`,
      ],
      Tmpfs: { "/run": "exec,mode=755" },
      Memory: instance.memoryMiB * 2 ** 20,
    },
  });
}

export async function reconcileDatabase(lab: Lab, database: Database, place: Place): Promise<void> {
  // Before it is deleted: a final snapshot is of its last moment.
  for (const snapshot of database.pendingSnapshots) await takeSnapshot(lab, database.id, snapshot);
  if (database.status === "deleting") {
    await removeContainer(lab, database.id);
    return report(database.id, "deleted");
  }
  const name = `${lab.name}-${database.id}`;
  if (place.container?.running) {
    await attach(lab, place.container, place);
    if (!place.container.healthy) return;
    if (database.status === "creating") await report(database.id, "available");
    return changeMasterPassword(lab, database);
  }
  if (!place.container) {
    await runDatabase(lab, database, place.resolver);
  } else {
    if (database.status === "failed") return;
    // A server that was available is started for ever; one that never was has something wrong with it.
    const ends = (ended.get(name) ?? 0) + 1;
    ended.set(name, ends);
    if (database.status === "creating" && ends > 2) {
      await report(database.id, "failed");
      throw new Error(`ended ${ends} times while it was created: ${await lastLines(name)}`);
    }
    await engine.getContainer(name).start();
  }
  await attach(lab, await inspect(name), place);
}

async function runDatabase(lab: Lab, database: Database, resolver: string): Promise<void> {
  const settings = await databaseSettings(lab, database);
  if (database.snapshot) await fillFromSnapshot(lab, database.id, database.snapshot);
  await runContainer(lab, database.id, {
    Image: lab.images.mysql,
    Hostname: database.id,
    HostConfig: {
      NetworkMode: "none",
      Dns: [resolver],
      Binds: [await volume(lab, database.id, "/var/lib/mysql"), `${settings}:/run/settings:ro`],
      Memory: database.memoryMiB * 2 ** 20,
    },
  });
}

/** Writes what the server is told, one file a value, and its certificate; returns their directory. */
async function databaseSettings(lab: Lab, database: Database): Promise<string> {
  const directory = `${lab.home}/databases/${database.id}`;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await promisify(execFile)(`${import.meta.dirname}/../shell/make-certificate`, [
    `${directory}/server`,
    database.endpoint!,
  ]);
  await copyFile(`${lab.home}/share/certs/lab-ca.crt`, `${directory}/ca.crt`);
  const files = {
    user: database.masterUser,
    // Data of a snapshot have the password of their moment, so the server is told the API's when it runs.
    password: database.snapshot ? "" : await masterPassword(database.id),
    database: database.name,
    port: String(database.port),
    "parameters.cnf": Object.entries(database.parameters)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(""),
  };
  for (const [name, text] of Object.entries(files)) {
    await writeFile(`${directory}/${name}`, text, { mode: 0o600 });
  }
  return directory;
}

/** Has the server take the master password that the API was given last. As on RDS, the API does not wait for it. */
export async function changeMasterPassword(
  lab: Lab,
  { id, masterUser }: Pick<Database, "id" | "masterUser">,
): Promise<void> {
  // What the server was told last.
  const file = `${lab.home}/databases/${id}/password`;
  const password = await masterPassword(id);
  if (password === (await readFile(file, "utf8"))) return;
  const quoted = `'${password.replaceAll(/[\\']/g, "\\$&")}'`;
  await exec(
    `${lab.name}-${id}`,
    ["mysql", "--no-defaults", "--socket=/run/mysqld/mysqld.sock", "--user=rdsadmin"],
    `ALTER USER '${masterUser}'@'%' IDENTIFIED BY ${quoted};\n`,
  );
  await writeFile(file, password, { mode: 0o600 });
}

/** How often a database's server has ended, by container. */
const ended = new Map<string, number>();

/** Removes the container of a resource and what it kept. What is gone already is no error. */
export async function removeContainer(lab: Lab, resource: string): Promise<void> {
  const name = `${lab.name}-${resource}`;
  await engine.getContainer(name).remove({ force: true, v: true }).catch(ignoring(404));
  await engine.getVolume(name).remove().catch(ignoring(404));
  for (const kind of ["databases", "vpc", "load-balancers", "tasks"])
    await rm(`${lab.home}/${kind}/${resource}`, { recursive: true, force: true });
  ended.delete(name);
  forgetAttachment(name);
}
