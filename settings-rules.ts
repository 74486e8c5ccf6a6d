/** What the values of settings must be. Every setting is described, with its default, in Pulumi.yaml. */

const ownSchemas = "information_schema|innodb|mysql|performance_schema|sys";
/** Of the reserved words of MySQL 8.4 those that somebody may name a schema. */
const reserved =
  "case|condition|database|databases|function|group|groups|index|key|keys|limit|load|match|of|option|order|" +
  "range|rank|read|release|rows|schema|schemas|select|signal|sql|system|table|trigger|update|usage|use|values|window|write";
const image = /^[a-z0-9][\w./:@-]*$/;
/** What a text must match, the same in words, and the remedy. */
export const stringRules = {
  instanceType: [/^[a-z][a-z0-9-]*\.[a-z0-9-]+$/, "must be an EC2 instance type", "use t3.micro"],
  sshPublicKey: [
    /^$|^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp\d+) [A-Za-z0-9+/=]+( [^\n]*)?$/,
    "must be one line as in a .pub file",
    "use the output of: cat ~/.ssh/id_ed25519.pub",
  ],
  databaseInstanceClass: [
    // Older families do not run MySQL 8.4: RDS user guide, "Supported DB engines for DB instance classes".
    /^db\.(?!t1|t2|m[1-4]|r[3-4])[a-z][a-z0-9-]*\.[a-z0-9-]+$/,
    "must be an RDS instance class that runs MySQL 8.4",
    "use db.t4g.micro",
  ],
  databaseName: [
    // MySQL's limit is 64; a restore has schemas of this name and up to 9 characters. RDS refuses words of SQL.
    new RegExp(`^(?!(${ownSchemas}|${reserved})$)[a-z][a-z0-9_]{0,54}$`, "i"),
    "must be a letter and up to 54 letters, digits and _, no schema of MySQL's own nor word of SQL",
    "use appdb",
  ],
  appRepository: [
    /^(https?|ssh|file):\/\/[^\s'"]+$|^[\w.-]+@[\w.-]+:[^\s'"]+$/,
    "must be the address of a git repository by https, ssh or file",
    "use https://github.com/OWNER/NAME.git",
  ],
  appCommit: [
    /^[0-9a-f]{40}$/,
    "must be the full hash of a commit, 40 hexadecimal digits",
    "use the output of: git rev-parse HEAD",
  ],
  baseImage: [image, "must be the name of a container image", "use python:3.11-slim-bookworm"],
  nginxImage: [image, "must be the name of a container image", "use nginx:stable"],
  pipIndexUrl: [
    /^$|^https?:\/\/[^\s'"@]+$/,
    "must be the address of a package index, without credentials",
    'use "" for PyPI',
  ],
  publishRepository: [
    // Not http, which would show the token to whoever listens.
    /^$|^https:\/\/[^\s'"@]+$/,
    "must be the address of a git repository by https, without credentials",
    'use https://github.com/OWNER/NAME.git, or "" to publish nothing',
  ],
} as const satisfies Record<string, readonly [RegExp, string, string]>;

/** Least, most, unit with the source of the limits, and the remedy; whole numbers. */
export const integerRules = {
  databaseAllocatedStorage: [20, 65536, "GiB, the limits of RDS for gp3", "use 20"],
  databaseBackupRetentionDays: [0, 35, "days, the limits of RDS", "use 7"],
  databasePasswordRotation: [0, 1e6, "and is raised by one each time", "use 0"],
  backupColdAfterDays: [1, 3649, "days", "use 30"],
  backupExpireAfterDays: [2, 3650, "days", "use 365"],
} as const satisfies Record<string, readonly [number, number, string, string]>;

/** Settings that are on or off. */
export const switches = [
  "allowOwnAddress",
  "flowLogs",
  "databaseMultiAz",
  "databaseLogs",
  "allowDestructiveMigrations",
  "publishDump",
  "protectData",
] as const;

/** Networks that a VPC cannot have, and whose they are. */
export const reservedNetworks = {
  "0.0.0.0/8": "which is nobody's address",
  "127.0.0.0/8": "every machine's own",
  "169.254.0.0/16": "where AWS serves metadata, time and names",
  "172.16.0.0/12": "which Docker gives out on the machines",
  "224.0.0.0/3": "which is multicast and reserved",
};
