/** Rules between settings, and between settings and the stack's name or region. */
import type { z } from "zod";
import { architectureOf } from "../compute/images.ts";
import { zoneCapacity } from "../network/addresses.ts";
import { formatCidr } from "../network/cidr.ts";
import { scheduleProblems } from "./app-schedule.ts";
import { appVariableProblems, type AppVariables } from "./app-variables.ts";
import { backupCopyProblems } from "./backup-copy.ts";
import { ciProblems } from "./ci.ts";
import { databaseProblems } from "./database.ts";
import { configCommand, refused, type Problem } from "./problem.ts";
import { publishingProblems } from "./publishing.ts";
import { addNetwork, type schema } from "./schema.ts";
import { taskProblems } from "./tasks.ts";

/** The settings whose own values are right. */
export type Values = Partial<z.output<typeof schema>>;

export interface StackContext {
  readonly project: string;
  readonly stack: string;
  readonly region: string;
  readonly hasPublishToken: boolean;
  /** Undefined if its type is wrong. */
  readonly appSecrets: AppVariables | undefined;
}

type Rule = (values: Values, context: StackContext) => readonly Problem[];

/** The problems that the rules find, in the order of the settings. */
export function ruleProblems(values: Values, context: StackContext): Problem[] {
  return rules.flatMap((rule) => rule(values, context));
}

// AWS allows 63 characters in a bucket's name and 64 in a role's. The longest suffixes are "-backups", and "-flow-logs" and
// "-execution", each with a hyphen and 7 digits.
const stackName: Rule = (_, { project, stack }) => {
  const name = `${project}-${stack}`;
  if (/^[a-z](-?[a-z0-9])*$/.test(name) && name.length <= 46) return [];
  return [
    {
      what: `Project and stack together are named "${name}"`,
      limit: "must be up to 46 lower-case letters, digits and single hyphens, as in buckets' names",
      remedy: "create a stack with another name, for example: pulumi stack init dev",
    },
  ];
};

const sshAccess: Rule = ({ adminCidrs, allowOwnAddress }) => {
  if (adminCidrs?.length !== 0 || allowOwnAddress !== false) return [];
  const limit = "must name a network when allowOwnAddress is false, or nobody can log in by SSH";
  const remedy = `${addNetwork()}\nor, to let in whoever runs up: ${configCommand("rm allowOwnAddress")}`;
  return [refused("adminCidrs", adminCidrs, limit, remedy)];
};

const zones: Rule = ({ availabilityZones = [], vpcCidr }, { region }) => {
  const different = new Set(availabilityZones);
  const problem = (limit: string, remedy = `use [] or ["${region}a","${region}b"]`) =>
    refused("availabilityZones", availabilityZones, limit, remedy);
  const inRegion = (zone: string) =>
    zone.startsWith(region) && /^[a-z]$/.test(zone.slice(region.length));
  const found: Problem[] = [];
  if (!availabilityZones.every(inRegion))
    found.push(problem(`must be zones of aws:region ${region}`));
  if (different.size === 1 || different.size < availabilityZones.length) {
    found.push(problem("must be empty or name two different zones, as RDS requires"));
  } else if (vpcCidr && different.size > zoneCapacity(vpcCidr)) {
    const room = `${formatCidr(vpcCidr)} has room for ${zoneCapacity(vpcCidr)} zones`;
    found.push(problem(room, "name fewer zones or use a larger vpcCidr"));
  }
  return found;
};

const architecture: Rule = ({ instanceType, machineImage }) => {
  if (instanceType === undefined || !machineImage) return [];
  const own = architectureOf(instanceType);
  if (own === machineImage.architecture) return [];
  const limit = `is ${own}, but machineImage ${machineImage.name} is ${machineImage.architecture}`;
  return [refused("instanceType", instanceType, limit, "use t3.micro")];
};

const backupAges: Rule = ({
  backupColdAfterDays: cold,
  backupExpireAfterDays: expire,
  backupLockDays: lock,
}) => {
  const found: Problem[] = [];
  if (cold !== undefined && expire !== undefined && cold >= expire) {
    const limit = `must be fewer than backupExpireAfterDays, ${expire}`;
    const remedy = "use 30, and 365 for backupExpireAfterDays";
    found.push(refused("backupColdAfterDays", cold, limit, remedy));
  }
  if (lock !== undefined && expire !== undefined && lock > expire) {
    const limit = `must be at most backupExpireAfterDays, ${expire}, when a backup is removed`;
    const remedy = `use ${expire} or fewer, or raise backupExpireAfterDays`;
    found.push(refused("backupLockDays", lock, limit, remedy));
  }
  return found;
};

const protection: Rule = ({ protectData, confirmDestroy }, { stack }) => {
  const found: Problem[] = [];
  if (protectData === false && stack.startsWith("prod")) {
    const limit = `stack ${stack} keeps production's data`;
    const remedy = `set it to true; to destroy this stack, set confirmDestroy to ${stack}`;
    found.push(refused("protectData", protectData, limit, remedy));
  }
  if (confirmDestroy && confirmDestroy !== stack) {
    const limit = `must be the name of this stack, ${stack}, or empty`;
    found.push(refused("confirmDestroy", confirmDestroy, limit, 'use ""'));
  }
  return found;
};

const appVariables: Rule = (values, { appSecrets }) =>
  appVariableProblems({ ...values, appSecrets });

/** What only one of the two kinds of images uses. */
const image: Rule = ({ appDockerfile, appPort, appPackages = [] }) => {
  const found: Problem[] = [];
  if (appDockerfile === "" && appPort !== undefined && appPort !== 5005) {
    const limit = "counts only with appDockerfile: gunicorn of the project's own image uses 5005";
    const remedy = "use 5005, or set appDockerfile to a Dockerfile of the app";
    found.push(refused("appPort", appPort, limit, remedy));
  }
  if (appDockerfile && appPackages.length > 0) {
    const limit = `does not count with appDockerfile ${appDockerfile}, which installs its own`;
    found.push(refused("appPackages", appPackages, limit, configCommand("rm appPackages")));
  }
  return found;
};

/** The proxy gets its account at ZeroSSL by the mail address (Caddy, "Automatic HTTPS"). */
const zeroSsl: Rule = ({ acmeDirectory, acmeEmail }) => {
  if (acmeEmail !== "" || !acmeDirectory?.startsWith("https://acme.zerossl.com/")) return [];
  const limit =
    "must be a mail address with acmeDirectory of ZeroSSL, which gives no account without";
  return [refused("acmeEmail", acmeEmail, limit, "use your own, or another CA's acmeDirectory")];
};

const schedule: Rule = ({ appSchedule }) => scheduleProblems(appSchedule);

const rules: readonly Rule[] = [
  stackName,
  sshAccess,
  zones,
  architecture,
  appVariables,
  image,
  zeroSsl,
  schedule,
  taskProblems,
  databaseProblems,
  backupAges,
  backupCopyProblems,
  publishingProblems,
  ciProblems,
  protection,
];
