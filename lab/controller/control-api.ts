/** Client of the control API: reports what the controller has reached, and asks what AWS's describe calls do not tell. */
import type { Instance } from "./observed-state.ts";

export const region = process.env.AWS_REGION ?? "us-west-2";

/** An answer other than 200. */
export class Refusal extends Error {
  readonly status: number;
  /** The API's own words. */
  readonly reason: string;

  constructor(path: string, status: number, text: string) {
    super(`${path}: the API answered ${status} ${text}`);
    this.status = status;
    this.reason = reasonOf(text);
  }
}

function reasonOf(text: string): string {
  try {
    return (JSON.parse(text) as { error: string }).error;
  } catch {
    return text;
  }
}

async function call<T>(path: string, body?: object): Promise<T> {
  const init = body ? { method: "POST", body: JSON.stringify(body) } : {};
  const response = await fetch(`${process.env.AWS_ENDPOINT_URL}/_lab/${path}`, init);
  if (response.ok) return (await response.json()) as T;
  throw new Refusal(path, response.status, await response.text());
}

/** For a call about what may be gone meanwhile. */
function ifNotFound(error: Error): undefined {
  if (!(error instanceof Refusal && error.status === 404)) throw error;
}

/** For a report of what the API may know already: of a controller that has ended since. */
function ifNotAwaited(error: Error): undefined {
  if (!(error instanceof Refusal && error.status === 409)) throw error;
}

/** Resolves to the API's revision once it is greater than `seen`, and after 25 s at the latest. Each change raises it. */
export async function revisionAfter(seen: number): Promise<number> {
  return (await call<{ revision: number }>(`revision?after=${seen}`)).revision;
}

/** Tells the API what became of a resource: an instance's state name, a database's or a snapshot's status. */
export async function report(resource: string, status: string): Promise<void> {
  await call("status", { resource, status });
}

/** Ids of instances that were told to reboot and have not yet. */
export async function rebooting(): Promise<string[]> {
  return (await call<{ resources: string[] }>("awaiting/rebooted")).resources;
}

/** A database's private address, the id of its subnet and the snapshot that it begins with; undefined if it is gone. */
export function databasePlace(id: string) {
  type Place = { address: string; subnetId: string; snapshot: string | null };
  return call<Place>(`db/${id}/address`).catch(ifNotFound);
}

/** Tells CloudWatch how many bytes a database's volume has free. */
export async function reportFreeStorage(database: string, bytes: number): Promise<void> {
  await call(`db/${database}/free-storage`, { bytes }).catch(ifNotFound);
}

/** What a service of AWS measures. */
export interface Metric {
  name: string;
  dimensions: Record<string, string>;
  value: number;
}

/** Tells CloudWatch what a service of AWS measures now. */
export async function reportMetrics(
  namespace: string,
  metrics: Metric[],
  inRegion = region,
): Promise<void> {
  await call("metrics", { namespace, region: inRegion, metrics });
}

/** A health check of Route 53. */
export interface HealthCheck {
  id: string;
  /** HTTP, HTTPS or TCP. */
  type: string;
  /** Empty for a domain that does not resolve. */
  address: string;
  /** Empty for an address. */
  domain: string;
  port: number;
  path: string;
  /** Seconds. */
  interval: number;
  threshold: number;
  /** Whether the domain is told during the TLS handshake. */
  sni: boolean;
}

export async function healthChecks(): Promise<HealthCheck[]> {
  return (await call<{ healthChecks: HealthCheck[] }>("health-checks")).healthChecks;
}

/** What the name servers of the lab's internet answer: A records, and the zones that have no other names. */
export interface PublicDns {
  zones: string[];
  records: { name: string; address: string }[];
}

export function publicDns(): Promise<PublicDns> {
  return call("dns");
}

/** A load balancer, as far as its container needs it. */
export interface LoadBalancer {
  /** Its ARN, which ends with its name and a random part. */
  id: string;
  vpcId: string;
  groupIds: string[];
  /** Seconds. */
  idleTimeout: number;
  interfaces: { subnetId: string; address: string; mac: string; publicIp: string | null }[];
  listeners: Listener[];
  targetGroups: TargetGroup[];
}

export interface Listener {
  port: number;
  protocol: string;
  certificateArn: string | null;
  redirect: { port: string | number; protocol: string; status: number } | null;
  /** Id of a target group. */
  targetGroup: string | null;
}

export interface TargetGroup {
  /** Its ARN. */
  id: string;
  /** Seconds; `matcher` is a list of HTTP statuses and ranges, as "200-299,302". */
  healthCheck: {
    path: string;
    matcher: string;
    interval: number;
    timeout: number;
    healthy: number;
    unhealthy: number;
  };
  targets: { address: string; port: number; draining: boolean }[];
}

export async function loadBalancers(): Promise<LoadBalancer[]> {
  return (await call<{ loadBalancers: LoadBalancer[] }>("load-balancers")).loadBalancers;
}

/** Tells the API that a load balancer serves. */
export async function reportLoadBalancer(id: string): Promise<void> {
  await call("load-balancer", { id, status: "active" }).catch(ifNotFound).catch(ifNotAwaited);
}

export interface TargetHealth {
  address: string;
  port: number;
  healthy: boolean;
  /** AWS's description of why it is unhealthy; empty for a healthy target. */
  reason: string;
}

export async function reportTargetHealth(
  targetGroup: string,
  targets: TargetHealth[],
): Promise<void> {
  await call("target-health", { targetGroup, targets }).catch(ifNotFound);
}

/** In PEM; undefined while it has not been issued. */
export function certificate(arn: string) {
  const path = `certificate?arn=${encodeURIComponent(arn)}`;
  type Certificate = { certificate: string; chain: string; privateKey: string };
  return call<Certificate>(path).catch(ifNotFound);
}

/** The root certificate of the lab's ACM, in PEM. */
export async function acmRoot(): Promise<string> {
  return (await call<{ certificate: string }>("acm-ca")).certificate;
}

/** A task of ECS that has not ended for good, as far as its container needs it. */
export interface Task {
  id: string;
  /** STOPPED once its container is to get SIGTERM. */
  desiredStatus: string;
  /** ECS's status: PROVISIONING, PENDING, RUNNING, … */
  lastStatus: string;
  image: string;
  /** Null for the image's own, also that of its command. */
  entryPoint: string[] | null;
  command: string[] | null;
  /** Secrets included. */
  environment: Record<string, string>;
  /** Why it cannot be started, worded as ECS does. */
  problem: string | null;
  /** Where its container asks 169.254.170.2 for the credentials of its role; null without a role. */
  credentialsPath: string | null;
  vpcId: string;
  subnetId: string;
  address: string;
  mac: string;
  groupIds: string[];
  /** CPU units, of which a vCPU has 1024. */
  cpu: number;
  memoryMiB: number;
  /** Seconds from SIGTERM to SIGKILL. */
  stopTimeout: number;
  /** Null for a task whose output is not kept. */
  logGroup: string | null;
  logStream: string | null;
  /** Seconds between two reports of its CPU use; null for a task whose service is not scaled. */
  usageInterval: number | null;
}

export async function tasks(): Promise<Task[]> {
  return (await call<{ tasks: Task[] }>("ecs/tasks")).tasks;
}

/** What became of a task's container. With an exit code it has ended, without one it could not be started. */
export interface TaskEnd {
  exitCode?: number;
  reason?: string;
}

export async function reportTaskRunning(id: string): Promise<void> {
  await call("ecs/task", { id, status: "running" }).catch(ifNotFound);
}

export async function reportTaskStopped(id: string, end: TaskEnd): Promise<void> {
  await call("ecs/task", { id, status: "stopped", ...end }).catch(ifNotFound);
}

/** Tells the API how much of its own CPU each task, by id, has used since the last report, in percent. */
export async function reportUsage(tasks: Readonly<Record<string, number>>): Promise<void> {
  await call("ecs/usage", { tasks });
}

/** Whether ECR gave these credentials for `docker login`, and they are valid still. */
export async function isEcrLogin(user: string, password: string): Promise<boolean> {
  return (await call<object>("ecr-login", { user, password }).catch(ifNotFound)) !== undefined;
}

/** An image that ECR's registry has got under a tag. */
export interface TaggedImage {
  repository: string;
  digest: string;
  tag: string;
  /** Bytes. */
  size: number;
}

/** Rejects with a Refusal: 404 if ECR has no such repository, 409 if the tag is another image's for good. */
export async function reportImage(image: TaggedImage): Promise<void> {
  await call("ecr-image", image);
}

export async function masterPassword(database: string): Promise<string> {
  return (await call<{ password: string }>(`db/${database}/master-password`)).password;
}

/** Credentials by instance or task; renewed an hour before they end, as IMDS does. */
const credentials = new Map<string, { text: string; renewAt: number }>();

/** The credentials of the instance's role, as IMDS words them; undefined without a role, or if it is gone. */
export async function credentialsOf({ id, profileArn }: Instance): Promise<string | undefined> {
  return profileArn && renewed(`${id} ${profileArn}`, `instance-credentials/${id}`);
}

/** The same of a task, as ECS words them. */
export async function credentialsOfTask(task: Task): Promise<string | undefined> {
  const { id, credentialsPath } = task;
  return credentialsPath ? renewed(id, `task-credentials/${id}`) : undefined;
}

async function renewed(key: string, path: string): Promise<string | undefined> {
  const known = credentials.get(key);
  if (known && Date.now() < known.renewAt) return known.text;
  const found = await call<{ Expiration: string }>(path).catch(ifNotFound);
  if (!found) return undefined;
  const text = JSON.stringify(found);
  credentials.set(key, { text, renewAt: Date.parse(found.Expiration) - 3_600_000 });
  return text;
}
