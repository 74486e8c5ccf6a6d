import * as pulumi from "@pulumi/pulumi";
import { architectureOf, machineImages, type MachineImage } from "./compute/images.ts";
import { zoneCapacity } from "./network/addresses.ts";
import { natGatewayModes, type NatGateways } from "./network/network.ts";
import { formatCidr, overlaps, parseCidr, type Cidr } from "./network/cidr.ts";

/** The stack's config, checked. Every key is described, with its default, in Pulumi.yaml. */
export interface Settings {
  readonly region: string;
  readonly adminCidrs: readonly string[];
  readonly vpcCidr: Cidr;
  /** Empty, or two and more. */
  readonly availabilityZones: readonly string[];
  readonly natGateways: NatGateways;
  readonly flowLogs: boolean;
  readonly instanceType: string;
  readonly machineImage: MachineImage;
  /** Empty if none was given. */
  readonly sshPublicKey: string;
  readonly databaseInstanceClass: string;
  /** GiB. */
  readonly databaseAllocatedStorage: number;
  readonly databaseName: string;
  /** The app's; undefined if none was given. */
  readonly databasePassword: pulumi.Output<string> | undefined;
  readonly databasePasswordRotation: number;
  readonly appRepository: string;
  readonly appRepositoryCredential: pulumi.Output<string> | undefined;
  readonly appCommit: string;
  readonly allowDestructiveMigrations: boolean;
  readonly baseImage: string;
  readonly pipIndexUrl: string;
  readonly nginxImage: string;
  /** Undefined if nothing is published. */
  readonly publish:
    | { readonly repository: string; readonly token: pulumi.Output<string>; readonly dump: boolean }
    | undefined;
  readonly protectData: boolean;
  readonly backupColdAfterDays: number;
  readonly backupExpireAfterDays: number;
}

// 172.17.0.0/16 to 172.31.0.0/16 are the networks that Docker gives out on the machines.
const dockerNetworks = parseCidr("172.16.0.0/12")!;
const schemasOfMysql = ["information_schema", "innodb", "mysql", "performance_schema", "sys"];
const containerImage = /^[a-z0-9][\w./:@-]*$/;

/**
 * Reads and checks the config of the current stack.
 *
 * @throws pulumi.RunError that lists every problem with its key, value, limit and remedy.
 */
export function readSettings(): Settings {
  const config = new pulumi.Config();
  const region = new pulumi.Config("aws").require("region");
  const problems: string[] = [];
  const report = (key: string, value: unknown, limit: string, remedy: string) => {
    const text = JSON.stringify(value);
    // Cut, because what was pasted by mistake may be a private key.
    const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text;
    problems.push(`${config.name}:${key} is ${shown}: ${limit}. ${remedy}.`);
  };
  const matching = (key: string, pattern: RegExp, limit: string, remedy: string): string => {
    const value = config.require(key);
    if (!pattern.test(value)) report(key, value, limit, remedy);
    return value;
  };

  const stack = pulumi.getStack();
  if (!/^[a-z][a-z0-9-]{0,19}$/.test(stack)) {
    problems.push(
      `The stack is named "${stack}": a name must be 1 to 20 lower-case letters, digits and hyphens, because buckets and the database are named after it. Make a stack with such a name.`,
    );
  }

  const adminCidrs = config.requireObject<string[]>("adminCidrs");
  const example = `Set your own address: pulumi config set --path '${config.name}:adminCidrs[0]' 203.0.113.7/32`;
  if (adminCidrs.length === 0) {
    report("adminCidrs", adminCidrs, "at least one network must be able to log in", example);
  }
  for (const cidr of adminCidrs) {
    const parsed = parseCidr(cidr);
    if (!parsed) {
      report("adminCidrs", cidr, "must be an IPv4 network like 203.0.113.7/32", example);
    } else if (parsed.prefix < 8) {
      report("adminCidrs", cidr, "must be /8 or smaller, not most of the internet", example);
    }
  }
  if (new Set(adminCidrs).size < adminCidrs.length) {
    report("adminCidrs", adminCidrs, "must not name a network twice", "Remove the second one");
  }

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
  if (availabilityZones.some((zone) => !zone.startsWith(region))) {
    report(
      "availabilityZones",
      availabilityZones,
      `must be zones of aws:region ${region}`,
      `Take [] or ["${region}a","${region}b"]`,
    );
  }
  if (zones.size === 1 || zones.size < availabilityZones.length) {
    report(
      "availabilityZones",
      availabilityZones,
      "must be empty or name two different zones, which RDS wants",
      `Take [] or ["${region}a","${region}b"]`,
    );
  } else if (vpcCidr && zones.size > zoneCapacity(vpcCidr)) {
    report(
      "availabilityZones",
      availabilityZones,
      `${vpcText} has room for ${zoneCapacity(vpcCidr)} zones`,
      "Name fewer zones or take a larger vpcCidr",
    );
  }

  const natText = config.require("natGateways");
  const natGateways = natGatewayModes.find((mode) => mode === natText);
  if (!natGateways) {
    report("natGateways", natText, `must be one of: ${natGatewayModes.join(", ")}`, "Take single");
  }
  const flowLogs = config.requireBoolean("flowLogs");

  const instanceType = matching(
    "instanceType",
    /^[a-z][a-z0-9-]*\.[a-z0-9-]+$/,
    "must be an EC2 instance type",
    "Take t3.micro",
  );
  const imageName = config.require("machineImage");
  const machineImage = machineImages[imageName];
  if (!machineImage) {
    const known = Object.keys(machineImages).join(", ");
    report("machineImage", imageName, `must be one of: ${known}`, "Take debian-13");
  } else if (architectureOf(instanceType) !== machineImage.architecture) {
    report(
      "instanceType",
      instanceType,
      `is ${architectureOf(instanceType)}, but machineImage ${imageName} is ${machineImage.architecture}`,
      "Take t3.micro",
    );
  }

  const sshPublicKey = matching(
    "sshPublicKey",
    /^$|^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp\d+) [A-Za-z0-9+/=]+( [^\n]*)?$/,
    "must be one line as in a .pub file",
    "Take the output of: cat ~/.ssh/id_ed25519.pub",
  );
  const databaseInstanceClass = matching(
    "databaseInstanceClass",
    /^db\.[a-z][a-z0-9-]*\.[a-z0-9-]+$/,
    "must be an RDS instance class",
    "Take db.t4g.micro",
  );
  const databaseAllocatedStorage = config.requireNumber("databaseAllocatedStorage");
  if (databaseAllocatedStorage < 20 || databaseAllocatedStorage > 65536) {
    const limit = "must be 20 to 65536 GiB, the limits of RDS for gp3";
    report("databaseAllocatedStorage", databaseAllocatedStorage, limit, "Take 20");
  }
  const databaseName = matching(
    "databaseName",
    // MySQL's limit is 64; the schemas of a restore drill are named after it.
    /^[A-Za-z][A-Za-z0-9_]{0,53}$/,
    "must be a letter and up to 53 letters, digits and underscores",
    "Take appdb",
  );
  if (schemasOfMysql.includes(databaseName.toLowerCase())) {
    report("databaseName", databaseName, "is a schema of MySQL itself", "Take appdb");
  }

  const secret = (key: string) => (config.get(key) ? config.requireSecret(key) : undefined);
  const databasePassword = secret("databasePassword");
  const plainPassword = config.get("databasePassword") ?? "";
  if (plainPassword && !/^[ -~]{12,128}$/.test(plainPassword)) {
    problems.push(
      `${config.name}:databasePassword has ${plainPassword.length} characters: must be 12 to 128 printable ASCII characters. Leave it out to have one made.`,
    );
  }
  const databasePasswordRotation = config.requireNumber("databasePasswordRotation");
  if (!Number.isInteger(databasePasswordRotation) || databasePasswordRotation < 0) {
    const limit = "must be 0 or a number that was raised by one";
    report("databasePasswordRotation", databasePasswordRotation, limit, "Take 0");
  }

  const appRepository = matching(
    "appRepository",
    /^(https?|ssh|file):\/\/[^\s'"]+$|^[\w.-]+@[\w.-]+:[^\s'"]+$/,
    "must be the address of a git repository by https, ssh or file",
    "Take https://github.com/OWNER/NAME.git",
  );
  if (/^https?:\/\/[^/]*@/.test(appRepository)) {
    problems.push(
      `${config.name}:appRepository holds credentials: they would be shown in outputs and logs. Take the address without them.`,
    );
  }
  const appRepositoryCredential = secret("appRepositoryCredential");
  const appCommit = matching(
    "appCommit",
    /^[0-9a-f]{40}$/,
    "must be the full hash of a commit, 40 hexadecimal digits",
    "Take the output of: git rev-parse HEAD",
  );
  const publishRepository = matching(
    "publishRepository",
    /^$|^https?:\/\/[^\s'"@]+$/,
    "must be the address of a git repository by https, without credentials",
    'Take https://github.com/OWNER/NAME.git, or "" to publish nothing',
  );
  const publishToken = secret("publishToken");
  if (publishRepository && !publishToken) {
    problems.push(
      `${config.name}:publishToken is not set, but publishRepository is. Set one that may write there: pulumi config set --secret publishToken`,
    );
  }
  const dump = config.requireBoolean("publishDump");
  if (dump && !publishRepository) {
    const limit = "there is nothing to publish it with: publishRepository is not set";
    report("publishDump", dump, limit, "Set publishRepository, or publishDump to false");
  }
  const publish =
    publishRepository && publishToken
      ? { repository: publishRepository, token: publishToken, dump }
      : undefined;
  const baseImage = matching(
    "baseImage",
    containerImage,
    "must be the name of a container image",
    "Take python:3.11-slim-bookworm",
  );
  const nginxImage = matching(
    "nginxImage",
    containerImage,
    "must be the name of a container image",
    "Take nginx:stable",
  );
  const pipIndexUrl = matching(
    "pipIndexUrl",
    /^$|^https?:\/\/[^\s'"@]+$/,
    "must be the address of a package index, without credentials",
    'Take "", which is PyPI',
  );
  const allowDestructiveMigrations = config.requireBoolean("allowDestructiveMigrations");
  const protectData = config.requireBoolean("protectData");

  const backupColdAfterDays = config.requireNumber("backupColdAfterDays");
  if (!Number.isInteger(backupColdAfterDays) || backupColdAfterDays < 1) {
    report(
      "backupColdAfterDays",
      backupColdAfterDays,
      "must be a number of days, 1 and up",
      "Take 30",
    );
  }
  const backupExpireAfterDays = config.requireNumber("backupExpireAfterDays");
  if (!Number.isInteger(backupExpireAfterDays) || backupExpireAfterDays <= backupColdAfterDays) {
    const limit = `must be more days than backupColdAfterDays, ${backupColdAfterDays}`;
    report("backupExpireAfterDays", backupExpireAfterDays, limit, "Take 365");
  }

  if (problems.length > 0 || !vpcCidr || !natGateways || !machineImage) {
    throw new pulumi.RunError(`The settings have problems:\n- ${problems.join("\n- ")}`);
  }
  return {
    region,
    adminCidrs,
    vpcCidr,
    availabilityZones,
    natGateways,
    flowLogs,
    instanceType,
    machineImage,
    sshPublicKey,
    databaseInstanceClass,
    databaseAllocatedStorage,
    databaseName,
    databasePassword,
    databasePasswordRotation,
    appRepository,
    appRepositoryCredential,
    appCommit,
    allowDestructiveMigrations,
    baseImage,
    pipIndexUrl,
    nginxImage,
    publish,
    protectData,
    backupColdAfterDays,
    backupExpireAfterDays,
  };
}
