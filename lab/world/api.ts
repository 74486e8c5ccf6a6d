/** The lab's own calls to its AWS API: how far the world has come, and what describe calls do not tell. */
import type { Instance } from "./cloud.ts";

const endpoint = process.env.AWS_ENDPOINT_URL!;
export const region = process.env.AWS_REGION ?? "us-west-2";

async function call(path: string, body?: object): Promise<Response> {
  const init = body ? { method: "POST", body: JSON.stringify(body) } : {};
  const response = await fetch(`${endpoint}/_lab/${path}`, init);
  if (!response.ok)
    throw new Error(`${path}: the API answered ${response.status} ${await response.text()}`);
  return response;
}

/** A number that grows with every call that changed something. */
export async function revision(): Promise<number> {
  return ((await (await call("revision")).json()) as { revision: number }).revision;
}

/** Tells the API what became of a resource: an instance's state name or a database's status. */
export async function report(resource: string, status: string): Promise<void> {
  await call("status", { resource, status });
}

/** Ids of instances that were told to reboot and have not yet. */
export async function rebooting(): Promise<string[]> {
  return ((await (await call("awaiting/rebooted")).json()) as { resources: string[] }).resources;
}

/** The private address of a database, by its identifier. */
export async function databaseAddress(database: string): Promise<string> {
  return ((await (await call(`db/${database}/address`)).json()) as { address: string }).address;
}

export async function masterPassword(database: string): Promise<string> {
  return ((await (await call(`db/${database}/master-password`)).json()) as { password: string })
    .password;
}

/** Credentials by instance; renewed an hour before they end, as IMDS does. */
const credentials = new Map<string, { text: string; renewAt: number }>();

export async function credentialsOf(instance: Instance): Promise<string | undefined> {
  if (!instance.profileArn) return undefined;
  const key = `${instance.id} ${instance.profileArn}`;
  const known = credentials.get(key);
  if (known && Date.now() < known.renewAt) return known.text;
  const text = await (await call(`instance-credentials/${instance.id}`)).text();
  const { Expiration } = JSON.parse(text) as { Expiration: string };
  credentials.set(key, { text, renewAt: Date.parse(Expiration) - 3_600_000 });
  return text;
}
