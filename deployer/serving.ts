import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { ops, patchSuffix, pulumi as pulumiCommand } from "../operations/names.ts";

/** What serves, as scripts/serving.sh records it on the machine and in the backup bucket at each cut-over. */
export interface Serving {
  /** Full hash. */
  readonly commit: string;
  /** Name of the app's image: it tells the commit and what else the image is made of. */
  readonly image: string;
  /** When the cut-over was, ISO 8601; it identifies the record. */
  readonly since: string;
  /** Who made it: `user@host`. */
  readonly by: string;
  readonly action: "release" | "rollback" | "undo";
  /** `since` of the record that this image replaced; null for the first release. */
  readonly before: string | null;
  /** Images that rollbacks have taken out of service, and that `up` has not been told to release since. */
  readonly rolledBack: readonly string[];
}

const key = "serving.json";

/**
 * Reads the record from the backup bucket, in a preview too; undefined before the first release.
 *
 * The program awaits it, so that it can stop before it changes anything: an error inside `apply` comes too late.
 *
 * @throws pulumi.RunError if the bucket cannot be read
 */
export async function readServing(
  bucket: pulumi.Output<string>,
  opts: pulumi.InvokeOptions,
): Promise<Serving | undefined> {
  const name: unknown = await pulumi.runtime.serializeProperty("bucket", bucket, new Set());
  // The preview of a new stack does not know the bucket's name yet.
  if (typeof name !== "string" || name === pulumi.runtime.unknownValue) return undefined;
  try {
    // To read an object that is not there is an error; to list it is not.
    const { keys } = await aws.s3.getObjects({ bucket: name, prefix: key }, opts);
    if (!keys?.includes(key)) return undefined;
    const { body } = await aws.s3.getObject({ bucket: name, key }, opts);
    return JSON.parse(body) as Serving;
  } catch (error) {
    throw new pulumi.RunError(
      `The record of what serves, s3://${name}/${key}, cannot be read: ${(error as Error).message}\n` +
        `remedy: if the bucket is gone, run ${pulumiCommand} up --refresh; else allow s3:ListBucket and s3:GetObject on it`,
    );
  }
}

/** Its name without what scripts/patch.sh adds, as `appImage` makes it. */
const unpatched = (image: string) => image.replace(patchSuffix, "");

/**
 * A trigger of the step that releases `image`. It changes when another image has come to serve since, so that `up`
 * never calls a stack unchanged that serves something else; a release itself does not change it.
 */
export function releaseTrigger(serving: Serving | undefined, image: string): string {
  if (!serving) return "none";
  return (unpatched(serving.image) === image ? serving.before : serving.since) ?? "none";
}

/** @throws pulumi.RunError if somebody rolled the commit back that is to be released */
export function refuseRolledBack(
  serving: Serving | undefined,
  {
    commit,
    image,
    stack,
  }: { readonly commit: string; readonly image: string; readonly stack: string },
): void {
  if (!serving || unpatched(serving.image) === image || !serving.rolledBack.includes(image)) return;
  const release = (hash: string) =>
    `${pulumiCommand} config set appCommit ${hash} --stack ${stack} && ${pulumiCommand} up --stack ${stack}\n`;
  throw new pulumi.RunError(
    `Commit ${commit}, which appCommit names, was rolled back.\n` +
      `${serving.by} did that at ${serving.since}; since then commit ${serving.commit} serves.\n` +
      `Nothing was changed.\nremedy: to keep the commit that serves: ${release(serving.commit)}` +
      `        or to return to the commit from before the rollback: ${ops} rollback --undo --stack ${stack}\n` +
      `        or to release a corrected commit: ${release("HASH")}`,
  );
}

/** Tells the user which app the first release of a stack will be. */
export function announceFirstRelease(
  serving: Serving | undefined,
  { commit, repository }: { readonly commit: string; readonly repository: string },
): void {
  if (serving) return;
  void pulumi.log.info(
    `The first release of this stack will be commit ${commit} of ${repository}.\n` +
      "flask-datta-able is an example app: set appRepository and appCommit to release another one.",
  );
}
