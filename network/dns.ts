import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { pulumi as pulumiCommand } from "../operations/names.ts";

/** What the record of the domain leads to. */
export type Serves = "app server" | "load balancer";

/** A public hosted zone of the account in Route 53. */
interface HostedZone {
  readonly id: string;
  readonly name: string;
  /** What of this stack the domain's record leads to now; undefined if there is no record. */
  readonly leadsTo?: Serves;
}

/** The zone that has the domain's record; where the program makes none, `why` says so in a few words. */
export type Zone = HostedZone | { readonly why: string };

/** Arguments of {@link findZone}. */
export interface ZoneArgs {
  /** Setting domain, not empty. */
  readonly domain: string;
  /** Setting dnsZone: the id of a zone, "none", or "" to find the zone. */
  readonly dnsZone: string;
  readonly project: string;
  readonly stack: string;
  readonly region: string;
  /** The name that the stack's load balancer has, if there is one. */
  readonly balancer: string;
}

/** Seconds. So long do others use an old address after a change. */
const ttl = 60;

/**
 * The public zone of the account that the domain belongs to: the one with the longest name, or the one that dnsZone names. It
 * only reads.
 *
 * An error stops the program: without the zone, Pulumi would delete the record that an earlier `up` made.
 *
 * @throws pulumi.RunError if Route 53 cannot be read, has two such zones, or has a record of the domain that leads elsewhere
 */
export async function findZone(args: ZoneArgs, provider: aws.Provider): Promise<Zone> {
  const { domain, dnsZone } = args;
  if (dnsZone === "none") return { why: "dnsZone is none" };
  try {
    const zone = dnsZone ? await zoneOfId(args, provider) : await longestZone(domain, provider);
    if (!zone) return { why: "no public zone in Route 53" };
    const leadsTo = await readRecord(args, zone, provider);
    return { ...zone, ...(leadsTo && { leadsTo }) };
  } catch (error) {
    if (pulumi.RunError.isInstance(error)) throw error;
    throw readingError(args, (error as Error).message);
  }
}

function readingError({ domain, stack }: ZoneArgs, message: string): pulumi.RunError {
  if (/multiple .* matched/.test(message))
    return new pulumi.RunError(
      `Route 53 has two public zones of one name that the setting domain, ${domain}, belongs to\n` +
        `    remedy: ${pulumiCommand} config set dnsZone ID --stack ${stack}\n` +
        "            ID is that of the zone whose name servers the domain has",
    );
  const [, action] = /not authorized to perform: (\S+)/.exec(message) ?? [];
  if (action || /AccessDenied/.test(message))
    return new pulumi.RunError(
      `Route 53 cannot be read for the setting domain, ${domain}: ${action ?? "access"} is denied\n` +
        `    remedy: ${pulumiCommand} config set dnsZone none --stack ${stack}\n` +
        "            or, if the domain's zone is in this account, get the permissions in docs/domain.md",
    );
  return new pulumi.RunError(
    `Route 53 cannot be read for the setting domain, ${domain}: ${message}\n` +
      `    remedy: run ${pulumiCommand} up --stack ${stack} again`,
  );
}

async function zoneOfId(
  { domain, dnsZone, stack }: ZoneArgs,
  provider: aws.Provider,
): Promise<HostedZone> {
  const { name } = await aws.route53.getZone({ zoneId: dnsZone }, { provider });
  const plain = name.replace(/\.$/, "");
  if (domain === plain || domain.endsWith(`.${plain}`)) return { id: dnsZone, name: plain };
  throw new pulumi.RunError(
    `The setting dnsZone is ${dnsZone}\n` +
      `    but that is the zone ${plain}, to which the setting domain, ${domain}, does not belong\n` +
      `    remedy: ${pulumiCommand} config rm dnsZone --stack ${stack}`,
  );
}

async function longestZone(
  domain: string,
  provider: aws.Provider,
): Promise<HostedZone | undefined> {
  const labels = domain.split(".");
  // A top-level domain is in nobody's account.
  for (let first = 0; first < labels.length - 1; first++) {
    const name = labels.slice(first).join(".");
    const found = await aws.route53
      .getZone({ name, privateZone: false }, { provider })
      .catch((error: Error) => {
        if (!/no matching/.test(error.message)) throw error;
        return undefined;
      });
    if (found) return { id: found.zoneId, name };
  }
  return undefined;
}

/** Types of records that say where a name is. The stack's is of type A. */
const locating = ["A", "AAAA", "CNAME"];

/**
 * What the domain's record leads to. A record that leads elsewhere is somebody else's, and refused. A record with an address
 * or the load balancer of the stack is the stack's own, or one that somebody made for it, which the stack takes over.
 */
async function readRecord(
  args: ZoneArgs,
  zone: HostedZone,
  provider: aws.Provider,
): Promise<Serves | undefined> {
  const { domain, project, stack } = args;
  const tags = { project, stack };
  const nameRegex = `^${domain.replaceAll(".", "\\.")}\\.$`;
  const [{ resourceRecordSets }, { publicIps }] = await Promise.all([
    aws.route53.getRecords({ zoneId: zone.id, nameRegex }, { provider }),
    aws.ec2.getEips({ tags }, { provider }),
  ]);
  const records = resourceRecordSets
    .filter(({ type }) => locating.includes(type))
    .map(({ type, aliasTarget, resourceRecords }) => ({
      type,
      values: aliasTarget?.dnsName
        ? [aliasTarget.dnsName]
        : resourceRecords.map(({ value }) => value),
    }));
  const own = ofBalancer(args);
  const others = records.filter(({ values }) =>
    values.some((value) => !publicIps.includes(value) && !own.test(value)),
  );
  if (others.length > 0) throw otherRecord(args, zone, others, publicIps);
  if (records.length === 0) return undefined;
  const named = records.some(({ values }) => values.some((value) => own.test(value)));
  return named ? "load balancer" : "app server";
}

/**
 * The DNS name that AWS gives the stack's load balancer, also if somebody has deleted it: its own name, a number and the region.
 * Route 53's console writes `dualstack.` before it.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#dns-name
 */
function ofBalancer({ balancer, region }: ZoneArgs): RegExp {
  return new RegExp(
    `^(dualstack\\.)?${balancer}-\\d+\\.${region}\\.elb\\.amazonaws\\.com\\.?$`,
    "i",
  );
}

function otherRecord(
  { domain, stack }: ZoneArgs,
  zone: HostedZone,
  others: readonly { readonly type: string; readonly values: readonly string[] }[],
  publicIps: readonly string[],
): pulumi.RunError {
  const records = others.map(({ type, values }) => `${type} ${values.join(" ")}`).join(", ");
  const own = publicIps.length > 0 ? `has ${publicIps.join(", ")}` : "has no address yet";
  return new pulumi.RunError(
    `The setting domain is ${domain}\n` +
      `    but the zone ${zone.name} in Route 53 has the record ${records}\n` +
      `    of that name, and stack ${stack} ${own}\n` +
      `    remedy: ${pulumiCommand} config set domain ANOTHER_NAME --stack ${stack}\n` +
      `            or, if nobody needs the record, delete it: the zone's id is ${zone.id}`,
  );
}

/** A load balancer as a record names it. */
export interface BalancerName {
  readonly dnsName: pulumi.Input<string>;
  /** Of the zone that AWS keeps the name in. */
  readonly zoneId: pulumi.Input<string>;
}

/** Arguments of {@link Domain}. */
export interface DomainArgs {
  readonly domain: string;
  readonly zone: Zone;
  /** The app server's IPv4 address, or the load balancer. */
  readonly target: { readonly address: pulumi.Input<string> } | BalancerName;
  /** What the target needs before clients come. */
  readonly after?: readonly pulumi.Resource[];
}

/** The DNS record of the app's domain, where the account has the zone. */
export class Domain extends pulumi.ComponentResource {
  /** Undefined if the record is to be made elsewhere. */
  readonly record: pulumi.Resource | undefined;
  /** The line of a zone file to create elsewhere; empty if the program made the record. */
  readonly recordToCreate: pulumi.Output<string>;

  constructor(
    name: string,
    { domain, zone, target, after = [] }: DomainArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("flask-on-aws:network:Domain", name, {}, opts);
    if ("why" in zone) {
      this.record = undefined;
      this.recordToCreate =
        "address" in target
          ? pulumi.interpolate`${domain}. ${ttl} IN A ${target.address}`
          : pulumi
              // Known only after what clients need.
              .all([target.dnsName, ...after.map(({ urn }) => urn)])
              .apply(([name]) => `${domain}. ${ttl} IN CNAME ${name}.`);
      announce(zone.why, this.recordToCreate);
    } else {
      const leading =
        "address" in target
          ? { ttl, records: [target.address] }
          : {
              aliases: [
                { name: target.dnsName, zoneId: target.zoneId, evaluateTargetHealth: true },
              ],
            };
      this.record = new aws.route53.Record(
        name,
        {
          zoneId: zone.id,
          name: domain,
          type: "A",
          ...leading,
          // findZone has refused the record of somebody else.
          allowOverwrite: true,
        },
        { parent: this, dependsOn: [...after] },
      );
      this.recordToCreate = pulumi.output("");
    }
    this.registerOutputs({ recordToCreate: this.recordToCreate });
  }
}

/** Prints a record that the user has to create, as soon as it is known. */
export function announce(why: string, record: pulumi.Output<string>): void {
  record.apply((line) => pulumi.log.info(`Needed DNS record (${why}): ${line}`));
}
