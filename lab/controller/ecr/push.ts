/** Pushes of images to ECR's registry: what ECR refuses, and what it knows of images from then on. */
import { createHash } from "node:crypto";
import { request, type IncomingMessage, type ServerResponse } from "node:http";
import { relative } from "node:path";
import { buffer } from "node:stream/consumers";
import { Refusal, reportImage } from "../control-api.ts";

/** The body of a push, which comes after the image's layers. */
interface Manifest {
  repository: string;
  /** Tag or digest. */
  reference: string;
  type: string;
  body: Buffer;
}

interface Answer {
  status: number;
  headers: IncomingMessage["headers"];
  body: Buffer;
}

/**
 * Puts a manifest into the registry, first by its digest alone. It gets its tag once the API, which knows the repositories, has
 * taken it: so DescribeImages knows the image when the push ends, and an immutable tag stays.
 */
export async function answerPush(
  incoming: IncomingMessage,
  response: ServerResponse,
  registry: string,
): Promise<void> {
  const { pathname } = new URL(incoming.url!, "http://registry");
  const [, repository, reference] = /^\/v2\/(.+)\/manifests\/([^/]+)$/.exec(pathname) ?? [];
  if (incoming.method !== "PUT" || !repository || !reference)
    return void response.writeHead(404).end();
  const type = incoming.headers["content-type"] ?? "";
  const manifest = { repository, reference, type, body: await buffer(incoming) };
  const host = incoming.headers.host ?? "";
  const { status, headers, body } = await push(manifest, host, (reference) =>
    put(registry, host, { ...manifest, reference }),
  );
  response.writeHead(status, headers).end(body);
}

async function push(
  { repository, reference, body }: Manifest,
  host: string,
  putBy: (reference: string) => Promise<Answer>,
): Promise<Answer> {
  const digest = `sha256:${createHash("sha256").update(body).digest("hex")}`;
  const stored = await putBy(digest);
  if (stored.status !== 201 || reference === digest) return stored;
  try {
    await reportImage({ repository, digest, tag: reference, size: sizeOf(body) });
  } catch (error) {
    const [account] = host.split(".");
    const unknown = `The repository with name '${repository}' does not exist in the registry with id '${account}'`;
    if (error instanceof Refusal && error.status === 404)
      return refusal(404, "NAME_UNKNOWN", unknown);
    if (error instanceof Refusal && error.status === 409)
      return refusal(400, "TAG_INVALID", error.reason);
    throw error;
  }
  return putBy(reference);
}

/** Bytes of an image's layers and configuration; 0 for a list of images. */
function sizeOf(body: Buffer): number {
  type Part = { size: number };
  const manifest = JSON.parse(body.toString()) as { config?: Part; layers?: Part[] };
  return [...(manifest.layers ?? []), ...(manifest.config ? [manifest.config] : [])].reduce(
    (sum, { size }) => sum + size,
    0,
  );
}

/** As registries word errors (OCI Distribution Specification, "Error Codes"). */
function refusal(status: number, code: string, message: string): Answer {
  const body = Buffer.from(JSON.stringify({ errors: [{ code, message }] }));
  return { status, headers: { "content-type": "application/json" }, body };
}

/** What a client needs of the registry's headers. */
const passedOn = [
  ...["content-type", "location"],
  ...["docker-content-digest", "docker-distribution-api-version"],
];

async function put(
  socket: string,
  host: string,
  { repository, reference, type, body }: Manifest,
): Promise<Answer> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    request({
      // A socket's path has 107 characters at most, counted as it is given.
      socketPath: relative(process.cwd(), socket),
      method: "PUT",
      path: `/v2/${repository}/manifests/${reference}`,
      headers: {
        ...{ host, "x-forwarded-proto": "https" },
        ...{ "content-type": type, "content-length": body.length },
      },
    })
      .on("response", resolve)
      .on("error", reject)
      .end(body);
  });
  const kept = Object.entries(answer.headers).filter(([name]) => passedOn.includes(name));
  const headers = Object.fromEntries(kept);
  return { status: answer.statusCode!, headers, body: await buffer(answer) };
}
