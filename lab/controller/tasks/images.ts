/** Images of tasks: pulled from the lab's ECR by the engine of the host, and removed with the last container that uses them. */
import { createHash } from "node:crypto";
import { engine, ignoring, type Lab } from "../docker.ts";
import { registryPort } from "../ecr/registry.ts";
import type { ImageCommand } from "./start-command.ts";

const ecrImage =
  /^\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com\/([a-z0-9._/-]+?)((?::[\w.-]+)?(?:@sha256:[0-9a-f]{64})?)$/;

/** Why a task's image is not to be had, worded as ECS does. */
export class CannotPull extends Error {
  constructor(image: string, cause: string) {
    const doing = "pull image manifest has been retried 1 time(s): failed to resolve ref";
    super(`CannotPullContainerError: ${doing} ${image}: ${cause}`);
  }
}

/** Repository and tag or digest of an image in ECR, as `docker pull` has them; throws CannotPull for another registry's. */
export function pathInEcr(image: string): string {
  const [, repository, reference] = ecrImage.exec(image) ?? [];
  if (!repository) throw new CannotPull(image, "tasks of the lab have images of ECR only");
  return `${repository}${reference || ":latest"}`;
}

const localImages = "flask-on-aws-tasks/";

/** What the lab calls a task's image in the engine of the host. lab/down removes images of this name. */
export function localName(lab: Pick<Lab, "name">, image: string): string {
  const digest = createHash("sha256").update(image).digest("hex").slice(0, 12);
  return `${localImages}${lab.name}:${digest}`;
}

interface Pulled {
  name: string;
  own: ImageCommand;
}

/** Pulls under way, by image: tasks that start at the same time share one. */
const pulls = new Map<string, Promise<Pulled>>();

/** Pulls the image, as Fargate does for each task. Resolves to its name here and its command. Rejects with CannotPull. */
export function pull(lab: Lab, image: string): Promise<Pulled> {
  const pulled = pulls.get(image) ?? pullOnce(lab, image).finally(() => pulls.delete(image));
  pulls.set(image, pulled);
  return pulled;
}

async function pullOnce(lab: Lab, image: string): Promise<Pulled> {
  const path = pathInEcr(image);
  // The engine needs no TLS for a registry on loopback.
  const there = `127.0.0.1:${await registryPort(lab)}/${path}`;
  await download(there).catch((error: Error & { code?: string }) => {
    // An engine that does not answer is no fault of the image.
    if (error.code) throw error;
    const { message } = error;
    const cause = message.includes("manifest unknown") ? `${image}: not found` : message;
    throw new CannotPull(image, cause.replaceAll(there, image));
  });
  const name = localName(lab, image);
  const [repo, tag] = name.split(":");
  const pulled = engine.getImage(there);
  await pulled.tag({ repo: repo!, tag: tag! });
  const { Config } = await pulled.inspect();
  await pulled.remove();
  return { name, own: Config };
}

async function download(image: string): Promise<void> {
  const progress = await engine.pull(image);
  await new Promise<void>((resolve, reject) => {
    engine.modem.followProgress(progress, (error) => (error ? reject(error) : resolve()));
  });
}

/** Removes the image of a container that is gone, if it was a task's, unless another container uses it. */
export async function removeTaskImage(name: string): Promise<void> {
  if (!name.startsWith(localImages)) return;
  await engine.getImage(name).remove().catch(ignoring(409)).catch(ignoring(404));
}
