import * as pulumi from "@pulumi/pulumi";
import { architectureOf, machineImages, type MachineImage } from "./compute/images.ts";
import { zoneCapacity } from "./network/addresses.ts";
import { formatCidr, overlaps, parseCidr, type Cidr } from "./network/cidr.ts";
import { natGatewayModes, type NatGateways } from "./network/network.ts";

const image = /^[a-z0-9][\w./:@-]*$/;
/** What a text must match, the same in words, and the remedy. */
const texts = {
  instanceType: [/^[a-z][a-z0-9-]*\.[a-z0-9-]+$/, "must be an EC2 instance type", "Take t3.micro"],
  sshPublicKey: [
    /^$|^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp\d+) [A-Za-z0-9+/=]+( [^\n]*)?$/,
    "must be one line as in a .pub file",
    "Take the output of: cat ~/.ssh/id_ed25519.pub",
  ],
  databaseInstanceClass: [
    // Older families do not run MySQL 8.4: RDS user guide, "Supported DB engines for DB instance classes".
    /^db\.(?!t1|t2|m[1-4]|r[3-4])[a-z][a-z0-9-]*\.[a-z0-9-]+$/,
    "must be an RDS instance class that runs MySQL 8.4",
    "Take db.t4g.micro",
  ],
  databaseName: [
    // MySQL's limit is 64; the schemas of a restore drill are named after it.
    /^(?!(information_schema|innodb|mysql|performance_schema|sys)$)[a-z][a-z0-9_]{0,53}$/i,
    "must be a letter and up to 53 letters, digits and underscores, and no schema of MySQL's own",
    "Take appdb",
  ],
  appRepository: [
    /^(https?|ssh|file):\/\/[^\s'"]+$|^[\w.-]+@[\w.-]+:[^\s'"]+$/,
    "must be the address of a git repository by https, ssh or file",
    "Take https://github.com/OWNER/NAME.git",
  ],
  appCommit: [
    /^[0-9a-f]{40}$/,
    "must be the full hash of a commit, 40 hexadecimal digits",
    "Take the output of: git rev-parse HEAD",
  ],
  baseImage: [image, "must be the name of a container image", "Take python:3.11-slim-bookworm"],
  nginxImage: [image, "must be the name of a container image", "Take nginx:stable"],
  pipIndexUrl: [
    /^$|^https?:\/\/[^\s'"@]+$/,
    "must be the address of a package index, without credentials",
    'Take "", which is PyPI',
  ],
  publishRepository: [
    // Not http, which would show the token to whoever listens.
    /^$|^https:\/\/[^\s'"@]+$/,
    "must be the address of a git repository by https, without credentials",
    'Take https://github.com/OWNER/NAME.git, or "" to publish nothing',
  ],
} as const satisfies Record<string, readonly [RegExp, string, string]>;

/** Least, most, unit with the source of the limits, and the remedy; whole numbers. */
const integers = {
  databaseAllocatedStorage: [20, 65536, "GiB, the limits of RDS for gp3", "Take 20"],
  databaseBackupRetentionDays: [1, 35, "days, the limits of RDS", "Take 7"],
  databasePasswordRotation: [0, 1e6, "and is raised by one each time", "Take 0"],
  backupColdAfterDays: [1, 3650, "days", "Take 30"],
  backupExpireAfterDays: [2, 3650, "days", "Take 365"],
} as const satisfies Record<string, readonly [number, number, string, string]>;

const switches = [
  "flowLogs",
  "databaseMultiAz",
  "databaseLogs",
  "allowDestructiveMigrations",
  "publishDump",
  "protectData",
] as const;

/** The stack's config, checked. Every key is described, with its default, in Pulumi.yaml. */
export interface Settings
  extends
    Readonly<Record<keyof typeof texts, string>>,
    Readonly<Record<keyof typeof integers, number>>,
    Readonly<Record<(typeof switches)[number], boolean>> {
  readonly region: string;
  readonly adminCidrs: readonly string[];
  readonly vpcCidr: Cidr;
  /** Empty, or two and more. */
  readonly availabilityZones: readonly string[];
  readonly natGateways: NatGateways;
  readonly machineImage: MachineImage;
  /** The app's; undefined if none was given, as with all secrets. */
  readonly databasePassword: pulumi.Output<string> | undefined;
  readonly appRepositoryCredential: pulumi.Output<string> | undefined;
  readonly publishToken: pulumi.Output<string> | undefined;
  /** Whether what protects the data is lifted, so that it can be destroyed. */
  readonly tearDown: boolean;
}

// 172.17.0.0/16 to 172.31.0.0/16 are the networks that Docker gives out on the machines.
const dockerNetworks = parseCidr("172.16.0.0/12")!;

/**
 * Reads and checks the config of the current stack.
 *
 * @throws pulumi.RunError that lists every problem with its key, value, limit and remedy.
 */
export function readSettings(): Settings {
  const config = new pulumi.Config();
  const problems: string[] = [];
  const report = (key: string, value: unknown, limit: string, remedy: string) => {
    const text = JSON.stringify(value);
    // Cut, because what was pasted by mistake may be a private key.
    const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text;
    const name = key.includes(":") ? key : `${config.name}:${key}`;
    problems.push(`${name} is ${shown}: ${limit}. ${remedy}.`);
  };
  const each = <K extends string, V>(keys: readonly K[], read: (key: K) => V) =>
    Object.fromEntries(keys.map((key) => [key, read(key)])) as Record<K, V>;
  const keysOf = <K extends string>(table: Record<K, unknown>) => Object.keys(table) as K[];

  const text = each(keysOf(texts), (key) => {
    const [pattern, limit, remedy] = texts[key];
    const value = config.require(key);
    if (/^https?:\/\/[^/]*@/.test(value)) {
      problems.push(
        `${config.name}:${key} holds credentials, which outputs and logs would show. Take the address without credentials.`,
      );
    } else if (!pattern.test(value)) report(key, value, limit, remedy);
    return value;
  });
  const integer = each(keysOf(integers), (key) => {
    const [least, most, unit, remedy] = integers[key];
    const value = config.requireNumber(key);
    if (!Number.isInteger(value) || value < least || value > most)
      report(key, value, `must be a whole number, ${least} to ${most} ${unit}`, remedy);
    return value;
  });
  const on = each(switches, (key) => config.requireBoolean(key));
  const secret = (key: string) => (config.get(key) ? config.requireSecret(key) : undefined);

  const stack = pulumi.getStack();
  const name = `${pulumi.getProject()}-${stack}`;
  // The longest name made of it is a bucket's, of 63: this, "-backups", a hyphen and 7 digits.
  if (!/^[a-z](-?[a-z0-9])*$/.test(name) || name.length > 47) {
    problems.push(
      `Project and stack together are named "${name}": must be up to 47 lower-case letters, digits and single hyphens, because buckets and the database are named after them. Make a stack with such a name: pulumi stack init dev.`,
    );
  }
  const region = new pulumi.Config("aws").require("region");
  if (!/^[a-z]{2,3}(-[a-z]+)+-\d$/.test(region))
    report("aws:region", region, "must be a region of AWS", "Take us-west-2");

  const adminCidrs = config.requireObject<string[]>("adminCidrs");
  const example = `Set your own address: pulumi config set --path '${config.name}:adminCidrs[0]' 203.0.113.7/32`;
  if (adminCidrs.length === 0)
    report("adminCidrs", adminCidrs, "at least one network must be able to log in", example);
  for (const cidr of adminCidrs) {
    const parsed = parseCidr(cidr);
    if (!parsed) report("adminCidrs", cidr, "must be an IPv4 network like 203.0.113.7/32", example);
    else if (parsed.prefix < 8)
      report("adminCidrs", cidr, "must be /8 or smaller, not most of the internet", example);
  }
  if (new Set(adminCidrs).size < adminCidrs.length)
    report("adminCidrs", adminCidrs, "must not name a network twice", "Remove the second one");

  const vpcText = config.require("vpcCidr");
  const vpcCidr = parseCidr(vpcText);
  if (!vpcCidr || vpcCidr.prefix < 16 || vpcCidr.prefix > 26) {
    report("vpcCidr", vpcText, "must be an IPv4 network of /16 to /26", "Take 10.0.0.0/16");
  } else if (overlaps(vpcCidr, dockerNetworks)) {
    const taken = formatCidr(dockerNetworks);
    report("vpcCidr", vpcText, `overlaps ${taken}, used by Docker`, "Take 10.0.0.0/16");
  }

  const availabilityZones = config.requireObject<string[]>("availabilityZones");
  const zones = new Set(availabilityZones);
  const zoneProblem = (limit: string, remedy = `Take [] or ["${region}a","${region}b"]`) =>
    report("availabilityZones", availabilityZones, limit, remedy);
  if (availabilityZones.some((zone) => !/^[a-z]$/.test(zone.replace(region, ""))))
    zoneProblem(`must be zones of aws:region ${region}`);
  if (zones.size === 1 || zones.size < availabilityZones.length) {
    zoneProblem("must be empty or name two different zones, which RDS wants");
  } else if (vpcCidr && zones.size > zoneCapacity(vpcCidr)) {
    const room = `${vpcText} has room for ${zoneCapacity(vpcCidr)} zones`;
    zoneProblem(room, "Name fewer zones or take a larger vpcCidr");
  }

  const natText = config.require("natGateways");
  const natGateways = natGatewayModes.find((mode) => mode === natText);
  if (!natGateways)
    report("natGateways", natText, `must be one of: ${natGatewayModes.join(", ")}`, "Take single");

  const imageName = config.require("machineImage");
  const machineImage = machineImages[imageName];
  const architecture = architectureOf(text.instanceType);
  if (!machineImage) {
    const known = Object.keys(machineImages).join(", ");
    report("machineImage", imageName, `must be one of: ${known}`, "Take debian-13");
  } else if (architecture !== machineImage.architecture) {
    const limit = `is ${architecture}, but machineImage ${imageName} is ${machineImage.architecture}`;
    const fitting = Object.entries(machineImages).find(
      ([, other]) => other.architecture === architecture,
    )?.[0];
    const other = fitting ? `Take t3.micro, or machineImage ${fitting}` : "Take t3.micro";
    report("instanceType", text.instanceType, limit, other);
  }

  const plainPassword = config.get("databasePassword") ?? "";
  if (plainPassword && !/^[ -~]{12,128}$/.test(plainPassword)) {
    problems.push(
      `${config.name}:databasePassword has ${plainPassword.length} characters: must be 12 to 128 printable ASCII characters. Leave it out to have one made.`,
    );
  }
  if (integer.backupExpireAfterDays <= integer.backupColdAfterDays) {
    const limit = `must be more days than backupColdAfterDays, ${integer.backupColdAfterDays}`;
    report("backupExpireAfterDays", integer.backupExpireAfterDays, limit, "Take 365");
  }

  const publishToken = secret("publishToken");
  if (text.publishRepository && !publishToken) {
    problems.push(
      `${config.name}:publishToken is not set, but publishRepository is. Set one that may write there: pulumi config set --secret publishToken`,
    );
  }
  if (on.publishDump && !text.publishRepository) {
    const limit = "there is nothing to publish it with: publishRepository is not set";
    report("publishDump", true, limit, "Set publishRepository, or publishDump to false");
  }

  if (!on.protectData && /^prod/.test(stack)) {
    const limit = `stack ${stack} keeps production's data`;
    const remedy = `Set it to true; to destroy this stack set tearDown to ${stack}`;
    report("protectData", false, limit, remedy);
  }
  const tearDown = config.require("tearDown");
  if (tearDown && tearDown !== stack) {
    report("tearDown", tearDown, `must be the name of this stack, ${stack}, or empty`, 'Take ""');
  }

  if (problems.length > 0 || !vpcCidr || !natGateways || !machineImage) {
    throw new pulumi.RunError(`The settings have problems:\n- ${problems.join("\n- ")}`);
  }
  return {
    ...text,
    ...integer,
    ...on,
    region,
    adminCidrs,
    vpcCidr,
    availabilityZones,
    natGateways,
    machineImage,
    databasePassword: secret("databasePassword"),
    appRepositoryCredential: secret("appRepositoryCredential"),
    publishToken,
    tearDown: tearDown === stack,
  };
}
