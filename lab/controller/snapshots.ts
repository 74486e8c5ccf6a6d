/**
 * The data of DB snapshots. Each is a volume of its own, a copy of the database's volume. The server is paused while it is
 * copied, so that the copy is of one moment: what InnoDB finds after a crash, and recovers from. On RDS a snapshot of an
 * instance without a standby suspends its I/O as well.
 */
import { report } from "./control-api.ts";
import { docker, engine, identity, ignoring, label, volume, type Lab } from "./docker.ts";

/** No instance has a name with a dot. */
const prefix = "snapshot.";

const volumeOf = (lab: Lab, resource: string) => `${lab.name}-${resource}`;

/** Copies the data of the database, and reports that the snapshot is available. */
export async function takeSnapshot(lab: Lab, database: string, snapshot: string): Promise<void> {
  const container = engine.getContainer(volumeOf(lab, database));
  // 409: it does not run, or is paused already by a controller that was ended. 404: it is gone, and its volume is not.
  await container.pause().catch(ignoring(409)).catch(ignoring(404));
  try {
    await copyVolume(lab, database, prefix + snapshot);
  } finally {
    await container.unpause().catch(ignoring(409)).catch(ignoring(404));
  }
  await report(prefix + snapshot, "available");
}

/** Gives a database that has no container yet the data of the snapshot. Throws if there are none. */
export async function fillFromSnapshot(
  lab: Lab,
  database: string,
  snapshot: string,
): Promise<void> {
  // To mount a volume that is not there would make it.
  await engine.getVolume(volumeOf(lab, prefix + snapshot)).inspect();
  await copyVolume(lab, prefix + snapshot, database);
}

/** The ids of all snapshots that have a volume. */
export async function storedSnapshots(lab: Lab): Promise<string[]> {
  const filters = { label: [`${label}=${lab.home}`] };
  const { Volumes } = await engine.listVolumes({ filters });
  const begin = volumeOf(lab, prefix);
  return Volumes.filter(({ Name }) => Name.startsWith(begin)).map(({ Name }) =>
    Name.slice(begin.length),
  );
}

export async function removeSnapshot(lab: Lab, snapshot: string): Promise<void> {
  await engine
    .getVolume(volumeOf(lab, prefix + snapshot))
    .remove()
    .catch(ignoring(404));
}

/** Copies all of a resource's volume to a new one of another's. What a copy that was cut off has left goes. */
async function copyVolume(lab: Lab, from: string, to: string): Promise<void> {
  const copy = `copy-to-${to}`;
  await engine.getContainer(volumeOf(lab, copy)).remove({ force: true }).catch(ignoring(404));
  await engine.getVolume(volumeOf(lab, to)).remove().catch(ignoring(404));
  await docker([
    ...["run", "--rm", ...identity(lab, copy), "--network=none", "--entrypoint=cp"],
    `--volume=${volumeOf(lab, from)}:/from:ro`,
    `--volume=${await volume(lab, to, "/to")}`,
    ...[lab.images.net, "--archive", "/from/.", "/to/"],
  ]);
}
