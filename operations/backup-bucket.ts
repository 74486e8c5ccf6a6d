/** Backups in another stack's bucket, read with the operator's credentials. */
import {
  GetObjectCommand,
  HeadBucketCommand,
  NoSuchKey,
  paginateListObjectsV2,
  S3Client,
} from "@aws-sdk/client-s3";
import { STS } from "@aws-sdk/client-sts";
import type { Readable } from "node:stream";
import { clientOptionsOf, type AwsAccount } from "../network/aws-account.ts";
import type { BackupFile, BackupStore } from "./backup-store.ts";
import { Failure } from "./failure.ts";
import { typed } from "./names.ts";
import { checkSignals } from "./processes.ts";

/** An address `s3://BUCKET` or `s3://BUCKET/backups/NAME`. @throws {Failure} if it is another one */
export function parseBucketPlace(place: string): { bucket: string; named?: string } {
  const [, bucket, key = ""] =
    /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(place) ?? [];
  const [, named] = /^backups\/([^/]+)\/?$/.exec(key) ?? [];
  if (bucket && named) return { bucket, named };
  if (bucket && key === "") return { bucket };
  throw new Failure(
    bucket
      ? `--from is ${place}, and ${key} is not the key of a backup`
      : `--from is ${place}, which is not the address of a bucket`,
    `write s3://BUCKET for its newest backup, or s3://BUCKET/backups/NAME,
        for example s3://BUCKET/backups/20260102T030405Z-nightly`,
  );
}

/**
 * The backups in a bucket, which may be in another region. The bucket must be of the operator's account: after a bucket is
 * deleted, anybody may make one of its name.
 *
 * @param account whose credentials read it
 * @throws {Failure} if AWS does not tell whose credentials these are
 */
export async function bucketStore(
  bucket: string,
  account: AwsAccount,
  stop: AbortSignal,
): Promise<BackupStore> {
  try {
    const options = await clientOptionsOf(account, stop);
    const { Account } = await new STS(options).getCallerIdentity({}, { abortSignal: stop });
    const s3 = new S3Client({ ...options, followRegionRedirects: true });
    return new Bucket(bucket, Account!, s3, stop);
  } catch (error) {
    checkSignals();
    throw unreadable(bucket, error as Error);
  }
}

/** Each method throws {@link Failure} for whatever goes wrong. */
class Bucket implements BackupStore {
  readonly about: BackupStore["about"];
  private readonly bucket: string;
  /** Of the operator. */
  private readonly account: string;
  private readonly s3: S3Client;
  private readonly stop: AbortSignal;

  constructor(bucket: string, account: string, s3: S3Client, stop: AbortSignal) {
    this.bucket = bucket;
    this.account = account;
    this.s3 = s3;
    this.stop = stop;
    const place = `s3://${bucket}`;
    this.about = { place, look: typed("aws", "s3", "ls", `${place}/backups/`) };
  }

  place(name: string): string {
    return `s3://${this.bucket}/backups/${name}`;
  }

  /** S3 lists keys in their order, and the names begin with the time. */
  async names(): Promise<string[]> {
    const objects = await this.list("backups/");
    return objects.flatMap(({ name }) => /^backups\/([^/]+)\/manifest$/.exec(name)?.[1] ?? []);
  }

  async manifest(name: string): Promise<string | undefined> {
    const body = await this.ask(() =>
      this.get(name, "manifest").catch((error: unknown) => {
        if (error instanceof NoSuchKey) return undefined;
        throw error;
      }),
    );
    return body && this.ask(() => body.transformToString());
  }

  async files(name: string): Promise<BackupFile[]> {
    const prefix = `backups/${name}/`;
    const objects = await this.list(prefix);
    return objects.map((object) => ({ ...object, name: object.name.slice(prefix.length) }));
  }

  open(name: string, file: string): Promise<Readable> {
    return this.ask(async () => (await this.get(name, file)) as Readable);
  }

  private get owned() {
    return { Bucket: this.bucket, ExpectedBucketOwner: this.account };
  }

  private list(Prefix: string): Promise<BackupFile[]> {
    return this.ask(async () => {
      const files: BackupFile[] = [];
      const [client, options] = [this.s3, { abortSignal: this.stop }];
      for await (const page of paginateListObjectsV2(
        { client },
        { ...this.owned, Prefix },
        options,
      ))
        for (const { Key, Size } of page.Contents ?? []) files.push({ name: Key!, size: Size! });
      return files;
    });
  }

  private async get(name: string, file: string) {
    const command = new GetObjectCommand({ ...this.owned, Key: `backups/${name}/${file}` });
    return (await this.s3.send(command, { abortSignal: this.stop })).Body!;
  }

  private async ask<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      checkSignals();
      throw await explained(error as Error, this.s3, this.bucket, this.account);
    }
  }
}

/** What it means that a bucket cannot be read. */
async function explained(
  error: Error,
  s3: S3Client,
  bucket: string,
  account: string,
): Promise<Failure> {
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
  if (error.name === "NoSuchBucket")
    return new Failure(
      `--from: there is no bucket ${bucket}`,
      "name one that exists: aws s3 ls; or a directory that holds a copy of the backup",
    );
  if (status !== 403) return unreadable(bucket, error);
  // Without the expected owner, so another answer is about the owner alone.
  const isOfAnother = await s3.send(new HeadBucketCommand({ Bucket: bucket })).then(
    () => true,
    () => false,
  );
  if (!isOfAnother) return unreadable(bucket, error);
  return new Failure(
    `--from: the bucket ${bucket} is of another account than ${account}, whose credentials these are`,
    `if you trust its owner, copy the backup, then name the copy:
        aws s3 sync s3://${bucket}/backups/NAME DIRECTORY/backups/NAME`,
  );
}

function unreadable(bucket: string, { name, message }: Error): Failure {
  // Behind the first line are hundreds of letters that only AWS can read.
  const [said] = message.split("\n");
  return new Failure(
    `--from: the bucket ${bucket} cannot be read: ${name}: ${said!.trim()}`,
    `log in to AWS with credentials that may s3:ListBucket and s3:GetObject there; or, with others,
        copy the backup, then name the copy: aws s3 sync s3://${bucket}/backups/NAME DIRECTORY/backups/NAME`,
  );
}
