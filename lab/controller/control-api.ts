/** Client of the control API: reports what the controller has reached, and asks what AWS's describe calls do not tell. */
import type { Instance } from "./observed-state.ts";

export const region = process.env.AWS_REGION ?? "us-west-2";

class NotFound extends Error {}

async function call<T>(path: string, body?: object): Promise<T> {
  const init = body ? { method: "POST", body: JSON.stringify(body) } : {};
  const response = await fetch(`${process.env.AWS_ENDPOINT_URL}/_lab/${path}`, init);
  if (response.ok) return (await response.json()) as T;
  const message = `${path}: the API answered ${response.status} ${await response.text()}`;
  throw response.status === 404 ? new NotFound(message) : new Error(message);
}

/** For a call about what may be gone meanwhile. */
function ifNotFound(error: Error): undefined {
  if (!(error instanceof NotFound)) throw error;
}

/** Resolves to the API's revision once it is greater than `seen`, and after 25 s at the latest. Each change raises it. */
export async function revisionAfter(seen: number): Promise<number> {
  return (await call<{ revision: number }>(`revision?after=${seen}`)).revision;
}

/** Tells the API what became of a resource: an instance's state name or a database's status. */
export async function report(resource: string, status: string): Promise<void> {
  await call("status", { resource, status });
}

/** Ids of instances that were told to reboot and have not yet. */
export async function rebooting(): Promise<string[]> {
  return (await call<{ resources: string[] }>("awaiting/rebooted")).resources;
}

/** A database's private address and the id of its subnet; undefined if it is gone. */
export function databasePlace(id: string) {
  return call<{ address: string; subnetId: string }>(`db/${id}/address`).catch(ifNotFound);
}

/** What the name servers of the lab's internet answer: A records, and the zones that have no other names. */
export interface PublicDns {
  zones: string[];
  records: { name: string; address: string }[];
}

export function publicDns(): Promise<PublicDns> {
  return call("dns");
}

export async function masterPassword(database: string): Promise<string> {
  return (await call<{ password: string }>(`db/${database}/master-password`)).password;
}

/** Credentials by instance; renewed an hour before they end, as IMDS does. */
const credentials = new Map<string, { text: string; renewAt: number }>();

/** The credentials of the instance's role, as IMDS words them; undefined without a role, or if it is gone. */
export async function credentialsOf({ id, profileArn }: Instance): Promise<string | undefined> {
  if (!profileArn) return undefined;
  const key = `${id} ${profileArn}`;
  const known = credentials.get(key);
  if (known && Date.now() < known.renewAt) return known.text;
  const found = await call<{ Expiration: string }>(`instance-credentials/${id}`).catch(ifNotFound);
  if (!found) return undefined;
  const text = JSON.stringify(found);
  credentials.set(key, { text, renewAt: Date.parse(found.Expiration) - 3_600_000 });
  return text;
}
