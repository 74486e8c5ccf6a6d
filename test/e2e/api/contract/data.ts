import { sourceSnapshot } from "./source.ts";
import { ref, statement, type Subject, subject } from "./subject.ts";

/** Not a public one, which a new bucket refuses. */
const policyOf = (bucket: string): string =>
  statement({
    Principal: { AWS: "arn:aws:iam::123456789012:root" },
    Action: "s3:GetObject",
    Resource: `arn:aws:s3:::${bucket}/*`,
  });
const spread = (json: string): string => JSON.stringify(JSON.parse(json), undefined, 4);

const database = {
  engine: "mysql",
  engineVersion: "8.4",
  instanceClass: "db.t4g.micro",
  allocatedStorage: 20,
  storageType: "gp3",
  storageEncrypted: true,
  dbName: "app",
  username: "owner",
  password: "correct-horse",
  dbSubnetGroupName: ref("subnets"),
  vpcSecurityGroupIds: [ref("open")],
  parameterGroupName: ref("parameters"),
  publiclyAccessible: false,
  backupRetentionPeriod: 7,
  autoMinorVersionUpgrade: true,
  engineLifecycleSupport: "open-source-rds-extended-support-disabled",
  skipFinalSnapshot: true,
};
/** As the program makes one that does not begin empty. */
const restored = {
  ...database,
  allocatedStorage: 30,
  maxAllocatedStorage: 150,
  backupWindow: "03:00-04:00",
  maintenanceWindow: "sun:05:00-sun:06:00",
  copyTagsToSnapshot: true,
  deleteAutomatedBackups: false,
  enabledCloudwatchLogsExports: ["error"],
};
/**
 * With the storage of `grown`, from which it is restored: the real provider leaves another size to the next update, which a
 * subject that is only planned does not get.
 */
const growing = { allocatedStorage: 60, maxAllocatedStorage: 200 };
const to = (restoreTime: string) => ({
  restoreToPointInTime: { restoreTime, sourceDbiResourceId: ref("grown") },
});
const encryptedBy = (sseAlgorithm: string) => ({
  rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm } }],
});
const parameters = (values: Record<string, string>) => ({
  parameters: Object.entries(values).map(([name, value]) => ({
    name,
    value,
    applyMethod: "immediate",
  })),
});

const databases: Subject[] = [
  ...["subnets", "leaf"].map((name) =>
    subject(
      "rds/subnetGroup",
      "aws_db_subnet_group",
      name,
      { name, description: "first", subnetIds: [ref("near"), ref("zone-b")] },
      [
        { subnetIds: [ref("zone-b"), ref("near")], tags: { Name: name } },
        {},
        name === "leaf" ? { name: "leaf-too" } : {},
      ],
    ),
  ),
  // moto forgets a group that is modified.
  subject(
    "rds/subnetGroup",
    "aws_db_subnet_group",
    "planned",
    { name: "planned", description: "first", subnetIds: [ref("near"), ref("zone-b")] },
    [{ description: "second" }, { subnetIds: [ref("near"), ref("zone-b"), ref("zone-c")] }],
    { plannedOnly: true },
  ),
  ...["parameters", "leaf"].map((name) =>
    subject(
      "rds/parameterGroup",
      "aws_db_parameter_group",
      name,
      {
        name,
        description: "first",
        family: "mysql8.4",
        ...parameters({ require_secure_transport: "1", character_set_server: "utf8mb4" }),
      },
      [
        parameters({ character_set_server: "latin1", require_secure_transport: "1" }),
        { tags: { Name: name } },
        name === "leaf" ? { description: "second" } : {},
      ],
    ),
  ),
  subject(
    "rds/parameterGroup",
    "aws_db_parameter_group",
    "reset",
    {
      name: "reset",
      description: "first",
      family: "mysql8.4",
      ...parameters({ require_secure_transport: "1", log_bin_trust_function_creators: "1" }),
    },
    [
      parameters({ log_bin_trust_function_creators: "1" }),
      parameters({ require_secure_transport: "1", log_bin_trust_function_creators: "1" }),
      { family: "mysql8.0", name: "other" },
    ],
  ),
  subject(
    "rds/instance",
    "aws_db_instance",
    "leaf",
    { ...database, identifier: "leaf" },
    [
      { dbName: "other", username: "somebody" },
      {
        storageEncrypted: false,
        engineVersion: "8.4.5",
        engineLifecycleSupport: "open-source-rds-extended-support",
      },
      {
        publiclyAccessible: true,
        engineLifecycleSupport: undefined,
        autoMinorVersionUpgrade: undefined,
        engine: "mariadb",
      },
    ],
    { plannedOnly: true },
  ),
  // Its storage has grown from 20 to 60 GiB by itself.
  subject(
    "rds/instance",
    "aws_db_instance",
    "grown",
    {
      ...database,
      identifier: "grown",
      allocatedStorage: 60,
      maxAllocatedStorage: 100,
      backupWindow: "03:00-04:00",
      maintenanceWindow: "sun:05:00-sun:06:00",
      applyImmediately: false,
    },
    [
      { allocatedStorage: 20, maintenanceWindow: "Sun:05:00-Sun:06:00", password: "new-horse" },
      {
        maxAllocatedStorage: 200,
        backupWindow: "04:00-05:00",
        maintenanceWindow: "mon:05:30-mon:06:00",
        applyImmediately: true,
      },
      { maxAllocatedStorage: 0, backupWindow: undefined, maintenanceWindow: undefined },
    ],
    { plannedOnly: true },
  ),
  subject(
    "rds/instance",
    "aws_db_instance",
    "restored",
    { ...restored, identifier: "restored", snapshotIdentifier: sourceSnapshot },
    [
      { deleteAutomatedBackups: true },
      { snapshotIdentifier: "another", password: "new-horse" },
      { snapshotIdentifier: undefined },
    ],
    { plannedOnly: true },
  ),
  subject(
    "rds/instance",
    "aws_db_instance",
    "rewound",
    { ...restored, identifier: "rewound", ...growing, ...to("2026-01-31T08:30:00Z") },
    [
      { finalSnapshotIdentifier: "last", skipFinalSnapshot: false },
      to("2026-01-31T08:31:00Z"),
      { restoreToPointInTime: undefined },
    ],
    { plannedOnly: true },
  ),
];

const expiring = (days: number) => ({
  id: "backups",
  status: "Enabled",
  filter: { prefix: "backups/" },
  transitions: [{ days: 7, storageClass: "GLACIER_IR" }],
  expiration: { days },
});
const leftovers = {
  id: "leftovers",
  status: "Enabled",
  filter: { prefix: "" },
  noncurrentVersionExpiration: { noncurrentDays: 30 },
  abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
};

const storage: Subject[] = [
  subject("s3/bucket", "aws_s3_bucket", "site", { bucket: "contract-site" }, [
    { forceDestroy: true, tags: { Name: "site" } },
    { tags: undefined },
  ]),
  ...["backup", "objects"].map((name) =>
    subject("s3/bucket", "aws_s3_bucket", name, { bucket: `contract-${name}` }),
  ),
  subject("s3/bucket", "aws_s3_bucket", "leaf", { bucket: "contract-leaf" }, [
    { bucket: "contract-leaf-too" },
  ]),
  subject(
    "s3/bucketPublicAccessBlock",
    "aws_s3_bucket_public_access_block",
    "leaf",
    { bucket: ref("site"), blockPublicAcls: true, ignorePublicAcls: true },
    [{ blockPublicAcls: undefined, restrictPublicBuckets: true }, { bucket: ref("backup") }],
  ),
  subject(
    "s3/bucketPolicy",
    "aws_s3_bucket_policy",
    "leaf",
    { bucket: ref("site"), policy: policyOf("contract-site") },
    [
      { policy: spread(policyOf("contract-site")) },
      { policy: policyOf("contract-site").replace("/*", "/public/*") },
    ],
  ),
  subject(
    "s3/bucketWebsiteConfiguration",
    "aws_s3_bucket_website_configuration",
    "leaf",
    { bucket: ref("site"), indexDocument: { suffix: "index.html" } },
    [
      { errorDocument: { key: "error.html" } },
      { indexDocument: { suffix: "home.html" }, errorDocument: undefined },
      { bucket: ref("backup") },
    ],
  ),
  subject(
    "s3/bucketVersioning",
    "aws_s3_bucket_versioning",
    "leaf",
    { bucket: ref("backup"), versioningConfiguration: { status: "Enabled" } },
    [{ versioningConfiguration: { status: "Suspended" } }, { bucket: ref("site") }],
  ),
  subject(
    "s3/bucketServerSideEncryptionConfiguration",
    "aws_s3_bucket_server_side_encryption_configuration",
    "leaf",
    { bucket: ref("site"), ...encryptedBy("AES256") },
    [encryptedBy("aws:kms"), { bucket: ref("backup") }],
  ),
  subject(
    "s3/bucketLifecycleConfiguration",
    "aws_s3_bucket_lifecycle_configuration",
    "leaf",
    { bucket: ref("backup"), rules: [expiring(365), leftovers] },
    [{ rules: [expiring(30), leftovers] }, { rules: [expiring(30)] }, { bucket: ref("site") }],
  ),
  subject(
    "s3/bucketObjectv2",
    "aws_s3_object",
    "leaf",
    { bucket: ref("objects"), key: "index.html", content: "<p>1</p>", contentType: "text/html" },
    [
      { content: "<p>2</p>" },
      { contentType: "text/plain", tags: { Name: "leaf" } },
      { key: "a/b" },
    ],
  ),
];

/** Databases, in the network, and buckets. */
export const data: readonly Subject[] = [...databases, ...storage];
