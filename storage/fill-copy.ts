/**
 * What the copy of the backups lacks, and filling it: S3 replicates only what is written after the rule
 * (S3 user guide, "What does Amazon S3 replicate?").
 */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  paginateListObjectsV2,
  S3Client,
  UploadPartCopyCommand,
  type CompletedPart,
  type StorageClass,
} from "@aws-sdk/client-s3";
import { STS } from "@aws-sdk/client-sts";
import { clientOptionsOf, type AwsAccount } from "../network/aws-account.ts";

/** The bucket of the backups, and that of their copy. */
export interface CopyPlaces {
  /** Whose credentials read the one and write the other; its region is that of the backups. */
  readonly account: AwsAccount;
  readonly bucket: string;
  readonly copyBucket: string;
  /** If it is not known, S3 tells it. */
  readonly copyRegion?: string;
}

/** An object of the backups. */
export interface BackupObject {
  readonly key: string;
  /** In bytes. */
  readonly size: number;
  readonly storageClass: string;
  readonly modified: Date;
}

interface Clients {
  readonly source: S3Client;
  readonly target: S3Client;
  /** The account that must own both buckets: anybody may make a bucket of a deleted one's name. */
  readonly owner: string;
  readonly abortSignal: AbortSignal;
}

const prefix = "backups/";
/** Requests at a time: S3 copies within itself, so they wait, and take no bandwidth here. */
const parallel = 10;
/** The most that one request can copy (S3 API reference, CopyObject): 5 GB. */
const largest = 5e9;

async function clientsOf(
  { account, copyRegion }: CopyPlaces,
  abortSignal: AbortSignal,
): Promise<Clients> {
  const options = await clientOptionsOf(account, abortSignal);
  const { Account } = await new STS(options).getCallerIdentity({}, { abortSignal });
  return {
    source: new S3Client(options),
    target: new S3Client({
      ...options,
      ...(copyRegion ? { region: copyRegion } : { followRegionRedirects: true }),
    }),
    ...{ owner: Account!, abortSignal },
  };
}

async function list(
  client: S3Client,
  Bucket: string,
  { owner, abortSignal }: Clients,
): Promise<BackupObject[]> {
  const objects: BackupObject[] = [];
  const request = { Bucket, Prefix: prefix, ExpectedBucketOwner: owner };
  for await (const { Contents = [] } of paginateListObjectsV2({ client }, request, { abortSignal }))
    for (const { Key, Size, StorageClass = "STANDARD", LastModified } of Contents)
      objects.push({
        ...{ key: Key!, size: Size!, storageClass: StorageClass },
        modified: LastModified!,
      });
  return objects;
}

async function compare({ bucket, copyBucket }: CopyPlaces, clients: Clients) {
  const [own, copied] = await Promise.all([
    list(clients.source, bucket, clients),
    list(clients.target, copyBucket, clients),
  ]);
  const there = new Set(copied.map(({ key }) => key));
  return { copied, missing: own.filter(({ key }) => !there.has(key)) };
}

/**
 * The objects of the backups that the copy has, and those that it lacks.
 *
 * @throws what AWS says
 */
export async function compareCopy(places: CopyPlaces, abortSignal: AbortSignal) {
  return compare(places, await clientsOf(places, abortSignal));
}

/**
 * Copies what the copy lacks, each manifest after the files of its backup, because what has a manifest is complete. It
 * changes no object that is there. Resolves to the number of objects.
 *
 * @param announce told the number and the bytes before the first is copied, unless nothing is missing
 * @param limit of bytes that one request copies; larger objects are copied in parts
 * @throws what AWS says
 */
export async function fillCopy(
  places: CopyPlaces,
  announce: (objects: number, bytes: number) => void,
  { abortSignal = new AbortController().signal, limit = largest } = {},
): Promise<number> {
  const clients = await clientsOf(places, abortSignal);
  const { missing } = await compare(places, clients);
  if (missing.length === 0) return 0;
  announce(
    missing.length,
    missing.reduce((sum, { size }) => sum + size, 0),
  );
  const isManifest = ({ key }: BackupObject) => key.endsWith("/manifest");
  for (const round of [missing.filter((each) => !isManifest(each)), missing.filter(isManifest)]) {
    const waiting = [...round];
    const work = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift())
        await (next.size > limit ? copyInParts : copyAtOnce)(places, next, clients, limit);
    };
    await Promise.all(Array.from({ length: parallel }, work));
  }
  return missing.length;
}

/** The parameters of a request that reads an object. */
const from = ({ bucket }: CopyPlaces, { key }: BackupObject, { owner }: Clients) => ({
  CopySource: `${bucket}/${encodeURIComponent(key).replaceAll("%2F", "/")}`,
  ExpectedSourceBucketOwner: owner,
});
/** Those of one that writes its copy. */
const to = ({ copyBucket }: CopyPlaces, { key }: BackupObject, { owner }: Clients) => ({
  ...{ Bucket: copyBucket, Key: key, ExpectedBucketOwner: owner },
});
/** Objects of cold storage stay there, and cost no more than in the first bucket. */
const ofClass = ({ storageClass }: BackupObject) => ({
  StorageClass: storageClass as StorageClass,
});

async function copyAtOnce(places: CopyPlaces, object: BackupObject, clients: Clients) {
  const command = new CopyObjectCommand({
    ...to(places, object, clients),
    ...from(places, object, clients),
    ...ofClass(object),
  });
  await clients.target.send(command, clients);
}

async function copyInParts(
  places: CopyPlaces,
  object: BackupObject,
  clients: Clients,
  limit: number,
) {
  const { target } = clients;
  const place = to(places, object, clients);
  const begin = new CreateMultipartUploadCommand({ ...place, ...ofClass(object) });
  const { UploadId } = await target.send(begin, clients);
  const upload = { ...place, UploadId: UploadId! };
  try {
    const Parts: CompletedPart[] = [];
    for (let first = 0; first < object.size; first += limit) {
      const PartNumber = Parts.length + 1;
      const last = Math.min(first + limit, object.size) - 1;
      const CopySourceRange = `bytes=${first}-${last}`;
      const source = { ...from(places, object, clients), CopySourceRange };
      const part = new UploadPartCopyCommand({ ...upload, ...source, PartNumber });
      const { CopyPartResult } = await target.send(part, clients);
      Parts.push({ PartNumber, ETag: CopyPartResult!.ETag! });
    }
    const end = new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } });
    await target.send(end, clients);
  } catch (error) {
    // If this fails, too, the bucket's lifecycle removes the parts after 7 days.
    await target.send(new AbortMultipartUploadCommand(upload)).catch(() => undefined);
    throw error;
  }
}
