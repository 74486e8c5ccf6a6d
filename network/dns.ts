import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { pulumi as pulumiCommand } from "../operations/names.ts";

/** A public hosted zone of the account in Route 53. */
interface HostedZone {
  readonly id: string;
  readonly name: string;
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
    await refuseOtherRecord(args, zone, provider);
    return zone;
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
 * The record of a name that leads elsewhere is somebody else's. A record with an address of the stack is the stack's own, or one
 * that somebody made for it, which the stack takes over.
 */
async function refuseOtherRecord(
  { domain, project, stack }: ZoneArgs,
  zone: HostedZone,
  provider: aws.Provider,
): Promise<void> {
  const nameRegex = `^${domain.replaceAll(".", "\\.")}\\.$`;
  const [{ resourceRecordSets }, { publicIps }] = await Promise.all([
    aws.route53.getRecords({ zoneId: zone.id, nameRegex }, { provider }),
    aws.ec2.getEips({ tags: { project, stack } }, { provider }),
  ]);
  const others = resourceRecordSets
    .filter(({ type }) => locating.includes(type))
    .map(({ type, aliasTarget, resourceRecords }) => ({
      type,
      values: aliasTarget?.dnsName
        ? [aliasTarget.dnsName]
        : resourceRecords.map(({ value }) => value),
    }))
    .filter(({ values }) => values.some((value) => !publicIps.includes(value)));
  if (others.length === 0) return;
  const records = others.map(({ type, values }) => `${type} ${values.join(" ")}`).join(", ");
  const own = publicIps.length > 0 ? `has ${publicIps.join(", ")}` : "has no address yet";
  throw new pulumi.RunError(
    `The setting domain is ${domain}\n` +
      `    but the zone ${zone.name} in Route 53 has the record ${records}\n` +
      `    of that name, and stack ${stack} ${own}\n` +
      `    remedy: ${pulumiCommand} config set domain ANOTHER_NAME --stack ${stack}\n` +
      `            or, if nobody needs the record, delete it: the zone's id is ${zone.id}`,
  );
}

/** Arguments of {@link Domain}. */
export interface DomainArgs {
  readonly domain: string;
  readonly zone: Zone;
  /** IPv4 address of the app server. */
  readonly address: pulumi.Input<string>;
}

/** The DNS record of the app's domain, where the account has the zone. */
export class Domain extends pulumi.ComponentResource {
  /** Undefined if the record is to be made elsewhere. */
  readonly record: pulumi.Resource | undefined;
  /** The line of a zone file to create elsewhere; empty if the program made the record. */
  readonly recordToCreate: pulumi.Output<string>;

  constructor(
    name: string,
    { domain, zone, address }: DomainArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("flask-on-aws:network:Domain", name, {}, opts);
    if ("why" in zone) {
      this.record = undefined;
      this.recordToCreate = pulumi.interpolate`${domain}. ${ttl} IN A ${address}`;
      this.recordToCreate.apply((record) =>
        pulumi.log.info(`Needed DNS record (${zone.why}): ${record}`),
      );
    } else {
      this.record = new aws.route53.Record(
        name,
        {
          zoneId: zone.id,
          name: domain,
          type: "A",
          ttl,
          records: [address],
          // findZone has refused the record of somebody else.
          allowOverwrite: true,
        },
        { parent: this },
      );
      this.recordToCreate = pulumi.output("");
    }
    this.registerOutputs({ recordToCreate: this.recordToCreate });
  }
}
