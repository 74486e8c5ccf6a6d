/**
 * Every setting of the project's own namespace: its type, what its value must be, and the remedy. Pulumi.yaml has the
 * descriptions and defaults. Rules between settings are in rules.ts.
 */
import { z } from "zod";
import { machineImages } from "../compute/images.ts";
import { cpuCreditModes } from "../compute/machine.ts";
import { overlaps, parseCidr } from "../network/cidr.ts";
import { natGatewayModes } from "../network/network.ts";
import { appVariables } from "./app-variables.ts";
import { app } from "./app.ts";
import { cronProblem } from "./app-schedule.ts";
import { backupCopy, region } from "./backup-copy.ts";
import { ci } from "./ci.ts";
import { database } from "./database.ts";
import { domain } from "./domain.ts";
import { advice, choice, oneOf, refuse, text, wholeNumber } from "./fields.ts";
import { configCommand } from "./problem.ts";
import { retentionDays } from "../storage/logs.ts";
import { siteModes } from "./publishing.ts";
import { tasks } from "./tasks.ts";

const ownSchemas = "information_schema|innodb|mysql|performance_schema|sys";
/** Of the reserved words of MySQL 8.4 those that somebody may name a schema. */
const reserved =
  "case|condition|database|databases|function|group|groups|index|key|keys|limit|load|match|of|option|order|" +
  "range|rank|read|release|rows|schema|schemas|select|signal|sql|system|table|trigger|update|usage|use|values|window|write";

const mailAddress = text(
  /^$|^[\w.+-]+@[\w-]+(\.[\w-]+)+$/,
  "must be a mail address",
  'use "" for none',
);

/** The directory of Let's Encrypt. */
const letsEncrypt = "https://acme-v02.api.letsencrypt.org/directory";

const containerImage = (remedy: string) =>
  text(/^[a-z0-9][\w./:@-]*$/, "must be the name of a container image", remedy);

/** Networks that a VPC cannot have, and whose they are. */
const reservedNetworks = {
  "0.0.0.0/8": "which are the addresses of no network",
  "127.0.0.0/8": "every machine's own",
  "169.254.0.0/16": "where AWS serves metadata, time and names",
  "172.16.0.0/12": "which Docker gives out on the machines",
  "224.0.0.0/3": "which is multicast and reserved",
};

const vpcCidr = z.string().transform((value, context) => {
  const remedy = "use 10.0.0.0/16";
  const cidr = parseCidr(value);
  if (!cidr || cidr.prefix < 16 || cidr.prefix > 26)
    return refuse(context, "must be an IPv4 network of /16 to /26", remedy);
  for (const [network, use] of Object.entries(reservedNetworks)) {
    if (overlaps(cidr, parseCidr(network)!))
      return refuse(context, `overlaps ${network}, ${use}`, remedy);
  }
  return cidr;
});

/** The command that lets a network in, for remedies. */
export const addNetwork = () => configCommand("set --path 'adminCidrs[0]' YOUR_ADDRESS/32");

const adminCidr = z.string().check((context) => {
  const cidr = parseCidr(context.value);
  if (!cidr) refuse(context, "must be an IPv4 network like 203.0.113.7/32", addNetwork());
  else if (cidr.prefix < 8)
    refuse(context, "must be /8 or smaller, not most of the internet", addNetwork());
});

/** S3 user guide, "General purpose bucket naming rules". A pattern would let others' buckets through. */
const bucketName = text(
  /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
  "must be the name of an S3 bucket, 3 to 63 of a-z, 0-9, - and .",
  "use the name alone, without s3:// and without *",
);

/** Settings whose values are in the stack's file as they are. */
export const schema = z.object({
  adminCidrs: z.array(adminCidr).check((context) => {
    if (new Set(context.value).size < context.value.length)
      refuse(context, "must not name a network twice", "remove the second one");
  }),
  allowOwnAddress: z.boolean(),
  vpcCidr,
  availabilityZones: z.array(z.string()),
  natGateways: choice(natGatewayModes, "use single"),
  flowLogs: z.boolean(),
  permissionsBoundary: text(
    /^$|^arn:aws:iam::\d{12}:policy\/[\w+=,.@/-]+$/,
    "must be the ARN of an IAM policy",
    'use "" for no limit',
  ),
  alarmEmail: mailAddress,
  logRetentionDays: oneOf(
    [0, ...retentionDays],
    "days, as CloudWatch has them",
    "use 30, or 0 for none",
  ),
  domain,
  dnsZone: text(
    /^$|^none$|^Z[A-Z0-9]+$/,
    "must be the id of a zone in Route 53, or none",
    'use "" to have the zone found',
  ),
  instanceType: text(
    /^[a-z][a-z0-9-]*\.[a-z0-9-]+$/,
    "must be an EC2 instance type",
    "use t3.micro",
  ),
  cpuCredits: choice(cpuCreditModes, "use unlimited"),
  machineImage: choice(Object.keys(machineImages), "use debian-13").transform(
    (name) => machineImages[name]!,
  ),
  sshPublicKey: text(
    /^$|^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp\d+) [A-Za-z0-9+/=]+( [^\n]*)?$/,
    "must be one line as in a .pub file",
    "use the output of: cat ~/.ssh/id_ed25519.pub",
  ),
  databaseInstanceClass: text(
    // Older families do not run MySQL 8.4: RDS user guide, "Supported DB engines for DB instance classes".
    /^db\.(?!t1|t2|m[1-4]|r[3-4])[a-z][a-z0-9-]*\.[a-z0-9-]+$/,
    "must be an RDS instance class that runs MySQL 8.4",
    "use db.t4g.micro",
  ),
  databaseAllocatedStorage: wholeNumber(20, 65536, "GiB, the limits of RDS for gp3", "use 20"),
  ...database,
  databaseMultiAz: z.boolean(),
  databaseBackupRetentionDays: wholeNumber(0, 35, "days, the limits of RDS", "use 7"),
  databaseLogs: z.boolean(),
  databaseName: text(
    // MySQL's limit is 64; a restore has schemas of this name and up to 9 characters. RDS refuses words of SQL.
    new RegExp(`^(?!(${ownSchemas}|${reserved})$)[a-z][a-z0-9_]{0,54}$`, "i"),
    "must be a letter and up to 54 letters, digits and _, no schema of MySQL's own nor word of SQL",
    "use appdb",
  ),
  databasePasswordRotation: wholeNumber(0, 1e6, "and is raised by one each time", "use 0"),
  appRepository: text(
    /^(https?|ssh|file):\/\/[^\s'"]+$|^[\w.-]+@[\w.-]+:[^\s'"]+$/,
    "must be the address of a git repository by https, ssh or file",
    "use https://github.com/OWNER/NAME.git",
  ),
  appCommit: text(
    /^[0-9a-f]{40}$/,
    "must be the full hash of a commit, 40 hexadecimal digits",
    "use the output of: git rev-parse HEAD; for a branch: ./ops init REPOSITORY BRANCH",
  ),
  ...app,
  ...tasks,
  baseImage: containerImage("use python:3.11-slim-bookworm"),
  proxyImage: containerImage("use caddy:2.11"),
  redisImage: containerImage("use valkey/valkey:8.1-alpine"),
  uploadLimit: wholeNumber(1, 10_000, "MB", "use 16"),
  https: z.boolean(),
  port5085: z.boolean(),
  acmeDirectory: text(
    /^https:\/\/[^\s'"|&\\@]+$/,
    "must be the https address of an ACME directory",
    `use ${letsEncrypt}`,
  ),
  acmeEmail: mailAddress,
  acmeCaCertificate: text(
    /^$|^(-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\s*)+$/,
    "must be certificates in PEM form",
    'use "$(cat FILE.pem)", or "" for the CAs that the machine trusts',
  ),
  pipIndexUrl: text(
    /^$|^https?:\/\/[^\s'"@]+$/,
    "must be the address of a package index, without credentials",
    'use "" for PyPI',
  ),
  allowDestructiveMigrations: z.boolean(),
  patchSchedule: z.string().check((context) => {
    const problem = context.value === "off" ? "" : cronProblem(context.value);
    if (problem) refuse(context, problem, "use '30 5 2 * *', or off");
  }),
  backupColdAfterDays: wholeNumber(1, 3649, "days", "use 30"),
  backupExpireAfterDays: wholeNumber(2, 3650, "days", "use 365"),
  backupLockDays: wholeNumber(0, 3650, "days", "use 0 for no lock"),
  ...backupCopy,
  site: choice(siteModes, "use public"),
  publishRepository: text(
    // Not http, which would show the token to whoever listens.
    /^$|^https:\/\/[^\s'"@]+$/,
    "must be the address of a git repository by https, without credentials",
    'use https://github.com/OWNER/NAME.git, or "" to publish nothing',
  ),
  publishDump: z.boolean(),
  appBuckets: z.array(bucketName),
  ...ci,
  protectData: z.boolean(),
  confirmDestroy: z.string(),
});

/** Settings that `pulumi config set --secret` encrypts; a secret that is not set is undefined. */
export const secretSchema = z.object({
  databasePassword: z.string().check((context) => {
    const { value } = context;
    if (!value.trim() || /^[ -~]{12,128}$/.test(value)) return; // keys.ts refuses an empty secret
    const remedy = "use such a one, or remove it to have one generated";
    // No message repeats the password.
    const what = `has ${value.length} characters`;
    refuse(context, "must be 12 to 128 printable ASCII ones", remedy, what);
  }),
  appRepositoryCredential: z.string(),
  publishToken: z.string(),
  appSecrets: appVariables,
});

/** Settings of Pulumi itself that count here, in the namespace aws. */
export const awsSchema = z.object({
  region,
  allowedAccountIds: accountIds(),
  forbiddenAccountIds: accountIds(),
});

function accountIds() {
  // YAML reads an id without quotes as a number, and its leading zeros are lost.
  const accountId = z
    .string()
    .regex(/^\d{12}$/)
    .register(advice, {
      limit: "must be the 12 digits of an AWS account's id, in quotes",
      remedy: "use the output of aws sts get-caller-identity --query Account, with --type string",
    });
  return z.array(accountId).register(advice, {
    limit: "must be a list of ids of AWS accounts",
    remedy: "use a list also for a single account: pulumi config set --path",
  });
}
