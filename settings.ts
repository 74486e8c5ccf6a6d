import * as pulumi from "@pulumi/pulumi";
import { architectureOf, machineImages, type MachineImage } from "./compute/images.ts";
import { cpuCreditModes, type CpuCredits } from "./compute/machine.ts";
import { zoneCapacity } from "./network/addresses.ts";
import { overlaps, parseCidr, type Cidr } from "./network/cidr.ts";
import { natGatewayModes, type NatGateways } from "./network/network.ts";
import { configCommand, isEncrypted, keyProblems, type Kind } from "./settings-keys.ts";
import { integerRules, reservedNetworks, stringRules, switches } from "./settings-rules.ts";
import { publishingProblems, siteModes, type SiteMode } from "./settings-site.ts";

/** The stack's config, checked. Every key is described, with its default, in Pulumi.yaml. */
export interface Settings
  extends
    Readonly<Record<keyof typeof stringRules, string>>,
    Readonly<Record<keyof typeof integerRules, number>>,
    Readonly<Record<(typeof switches)[number], boolean>> {
  readonly region: string;
  readonly adminCidrs: readonly string[];
  readonly vpcCidr: Cidr;
  /** Empty, or two and more. */
  readonly availabilityZones: readonly string[];
  readonly natGateways: NatGateways;
  readonly cpuCredits: CpuCredits;
  readonly machineImage: MachineImage;
  readonly site: SiteMode;
  /** The app's; undefined if none was given, as with all secrets. */
  readonly databasePassword: pulumi.Output<string> | undefined;
  readonly appRepositoryCredential: pulumi.Output<string> | undefined;
  readonly publishToken: pulumi.Output<string> | undefined;
  /** Whether the stack's name was given, which lifts the protection of its data. */
  readonly confirmDestroy: boolean;
}

const each = <K extends string, V>(keys: readonly K[], read: (key: K) => V) =>
  Object.fromEntries(keys.map((key) => [key, read(key)])) as Record<K, V>;
const keysOf = <K extends string>(table: Record<K, unknown>) => Object.keys(table) as K[];
const values = <K extends string>(keys: readonly K[]) => each(keys, (): Kind => "value");

/** Every setting of the project's own namespace; any other key there is refused. */
const kinds: Readonly<Record<Exclude<keyof Settings, "region">, Kind>> = {
  ...values(keysOf(stringRules)),
  ...values(keysOf(integerRules)),
  ...values(switches),
  ...values(["vpcCidr", "natGateways", "cpuCredits", "machineImage", "site", "confirmDestroy"]),
  adminCidrs: "list",
  availabilityZones: "list",
  databasePassword: "secret",
  appRepositoryCredential: "secret",
  publishToken: "secret",
};

/**
 * Reads and checks the config of the current stack.
 *
 * @throws pulumi.RunError that lists every problem with its key, value, limit and remedy.
 */
export function readSettings(): Settings {
  const config = new pulumi.Config();
  const problems: string[] = [];
  const problem = (what: string, limit: string, remedy: string) =>
    problems.push(
      `- ${what}\n    ${limit}\n    remedy: ${remedy.replaceAll("\n", `\n${" ".repeat(12)}`)}`,
    );
  const full = (key: string) => (key.includes(":") ? key : `${config.name}:${key}`);
  const report = (key: string, value: unknown, limit: string, remedy: string) => {
    const text = JSON.stringify(value);
    // Cut, because what was pasted by mistake may be a private key.
    problem(`${full(key)} is ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`, limit, remedy);
  };

  for (const { what, limit, remedy } of keyProblems(kinds)) problem(what, limit, remedy);

  const text = each(keysOf(stringRules), (key) => {
    const [pattern, limit, remedy] = stringRules[key];
    const value = config.require(key);
    if (/^https?:\/\/[^/]*@/.test(value)) {
      const limit = "outputs and logs would show them";
      problem(`${full(key)} holds credentials`, limit, "use the address without them");
    } else if (!pattern.test(value)) report(key, value, limit, remedy);
    return value;
  });
  const integer = each(keysOf(integerRules), (key) => {
    const [least, most, unit, remedy] = integerRules[key];
    const value = config.requireNumber(key);
    if (!Number.isInteger(value) || value < least || value > most)
      report(key, value, `must be a whole number, ${least} to ${most} ${unit}`, remedy);
    return value;
  });
  const choice = <T extends string>(key: string, choices: readonly T[], remedy: string) => {
    const value = config.require(key);
    const found = choices.find((one) => one === value);
    if (!found) report(key, value, `must be one of: ${choices.join(", ")}`, remedy);
    return found;
  };
  const on = each(switches, (key) => config.requireBoolean(key));
  const secret = (key: string) =>
    config.get(key) || isEncrypted(full(key)) ? config.requireSecret(key) : undefined;

  const stack = pulumi.getStack();
  const name = `${pulumi.getProject()}-${stack}`;
  // The longest names made of it are a bucket's, of 63: this, "-backups", a hyphen and 7 digits; and a role's, of 64:
  // this, "-flow-logs", a hyphen and 7 digits.
  if (!/^[a-z](-?[a-z0-9])*$/.test(name) || name.length > 46) {
    const limit =
      "must be up to 46 lower-case letters, digits and single hyphens, as in buckets' names";
    const remedy = "create a stack with another name, for example: pulumi stack init dev";
    problem(`Project and stack together are named "${name}"`, limit, remedy);
  }
  const region = new pulumi.Config("aws").require("region");
  if (!/^[a-z]{2,3}(-[a-z]+)+-\d$/.test(region))
    report("aws:region", region, "must be a region of AWS", "use us-west-2");
  else if (/^(cn|us-gov|us-iso\w*|eu-isoe|eusc)-/.test(region)) {
    const limit =
      "is of another AWS partition, with other ARNs, host names and certificates of RDS";
    report("aws:region", region, limit, "use us-west-2, or another region of the partition aws");
  }
  for (const key of ["allowedAccountIds", "forbiddenAccountIds"]) {
    const ids = new pulumi.Config("aws").getObject<unknown[]>(key) ?? [];
    // YAML reads an id without quotes as a number, and its leading zeros are lost.
    for (const id of ids.filter((id) => typeof id !== "string" || !/^\d{12}$/.test(id)))
      report(
        `aws:${key}`,
        id,
        "must be the 12 digits of an AWS account's id, in quotes",
        "use the output of aws sts get-caller-identity --query Account, with --type string",
      );
  }

  const adminCidrs = config.requireObject<string[]>("adminCidrs");
  const example = configCommand("set --path 'adminCidrs[0]' YOUR_ADDRESS/32");
  if (adminCidrs.length === 0 && !on.allowOwnAddress) {
    const limit = "must name a network when allowOwnAddress is false, or nobody can log in by SSH";
    const remedy = `${example}\nor, to let in whoever runs up: ${configCommand("rm allowOwnAddress")}`;
    report("adminCidrs", adminCidrs, limit, remedy);
  }
  for (const cidr of adminCidrs) {
    const parsed = parseCidr(cidr);
    if (!parsed) report("adminCidrs", cidr, "must be an IPv4 network like 203.0.113.7/32", example);
    else if (parsed.prefix < 8)
      report("adminCidrs", cidr, "must be /8 or smaller, not most of the internet", example);
  }
  if (new Set(adminCidrs).size < adminCidrs.length)
    report("adminCidrs", adminCidrs, "must not name a network twice", "remove the second one");

  const vpcText = config.require("vpcCidr");
  const vpcCidr = parseCidr(vpcText);
  if (!vpcCidr || vpcCidr.prefix < 16 || vpcCidr.prefix > 26) {
    report("vpcCidr", vpcText, "must be an IPv4 network of /16 to /26", "use 10.0.0.0/16");
  } else {
    for (const [network, use] of Object.entries(reservedNetworks)) {
      if (overlaps(vpcCidr, parseCidr(network)!))
        report("vpcCidr", vpcText, `overlaps ${network}, ${use}`, "use 10.0.0.0/16");
    }
  }

  const availabilityZones = config.requireObject<string[]>("availabilityZones");
  const zones = new Set(availabilityZones);
  const zoneProblem = (limit: string, remedy = `use [] or ["${region}a","${region}b"]`) =>
    report("availabilityZones", availabilityZones, limit, remedy);
  const inRegion = (zone: string) =>
    zone.startsWith(region) && /^[a-z]$/.test(zone.slice(region.length));
  if (!availabilityZones.every(inRegion)) zoneProblem(`must be zones of aws:region ${region}`);
  if (zones.size === 1 || zones.size < availabilityZones.length) {
    zoneProblem("must be empty or name two different zones, as RDS requires");
  } else if (vpcCidr && zones.size > zoneCapacity(vpcCidr)) {
    const room = `${vpcText} has room for ${zoneCapacity(vpcCidr)} zones`;
    zoneProblem(room, "name fewer zones or use a larger vpcCidr");
  }

  const natGateways = choice("natGateways", natGatewayModes, "use single");
  const cpuCredits = choice("cpuCredits", cpuCreditModes, "use unlimited");
  const imageName = config.require("machineImage");
  const machineImage = machineImages[imageName];
  const architecture = architectureOf(text.instanceType);
  if (!machineImage) {
    const known = Object.keys(machineImages).join(", ");
    report("machineImage", imageName, `must be one of: ${known}`, "use debian-13");
  } else if (architecture !== machineImage.architecture) {
    const limit = `is ${architecture}, but machineImage ${imageName} is ${machineImage.architecture}`;
    report("instanceType", text.instanceType, limit, "use t3.micro");
  }

  const plainPassword = config.get("databasePassword") ?? "";
  if (plainPassword.trim() && !/^[ -~]{12,128}$/.test(plainPassword)) {
    const what = `${full("databasePassword")} has ${plainPassword.length} characters`;
    problem(
      what,
      "must be 12 to 128 printable ASCII ones",
      "use such a one, or remove it to have one generated",
    );
  }
  if (integer.backupExpireAfterDays <= integer.backupColdAfterDays) {
    const limit = `must be fewer than backupExpireAfterDays, ${integer.backupExpireAfterDays}`;
    report(
      "backupColdAfterDays",
      integer.backupColdAfterDays,
      limit,
      "use 30, and 365 for backupExpireAfterDays",
    );
  }

  const publishToken = secret("publishToken");
  const site = choice("site", siteModes, "use public");
  for (const { what, limit, remedy } of publishingProblems({ ...text, ...on, publishToken, site }))
    problem(what, limit, remedy);

  if (!on.protectData && /^prod/.test(stack)) {
    const limit = `stack ${stack} keeps production's data`;
    const remedy = `set it to true; to destroy this stack, set confirmDestroy to ${stack}`;
    report("protectData", false, limit, remedy);
  }
  const confirmDestroy = config.require("confirmDestroy");
  if (confirmDestroy && confirmDestroy !== stack) {
    report(
      "confirmDestroy",
      confirmDestroy,
      `must be the name of this stack, ${stack}, or empty`,
      'use ""',
    );
  }

  if (problems.length > 0 || !vpcCidr || !natGateways || !cpuCredits || !machineImage || !site) {
    throw new pulumi.RunError(`The settings have problems:\n${problems.join("\n")}`);
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
    cpuCredits,
    machineImage,
    site,
    databasePassword: secret("databasePassword"),
    appRepositoryCredential: secret("appRepositoryCredential"),
    publishToken,
    confirmDestroy: confirmDestroy === stack,
  };
}
