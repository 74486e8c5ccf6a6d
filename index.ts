import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { createAlarms, watched } from "./alarms/create.ts";
import { awsProvider } from "./aws-provider.ts";
import { requireGithubProvider } from "./ci/github.ts";
import { createCi } from "./ci/roles.ts";
import { createMachines } from "./compute/machines.ts";
import { balancerName } from "./compute/tasks/names.ts";
import { planTasks, taskNotes } from "./compute/tasks/plan.ts";
import { Tasks } from "./compute/tasks/tasks.ts";
import { Database } from "./database/database.ts";
import { findOrigin } from "./database/find-origin.ts";
import { appOf } from "./deployer/app.ts";
import { downloadsOf, publishingOf } from "./deployer/publishing.ts";
import { Release } from "./deployer/release.ts";
import { appImage } from "./deployer/scripts.ts";
import { announceFirstRelease, readServing, refuseRolledBack } from "./deployer/serving.ts";
import { Domain, findZone, type DomainArgs } from "./network/dns.ts";
import { Network } from "./network/network.ts";
import { placeNetwork } from "./network/placement.ts";
import { SecurityGroups } from "./network/security-groups.ts";
import { allowOwnAddress, type SshAccess } from "./network/ssh-access.ts";
import { pulumi as pulumiCommand } from "./operations/names.ts";
import { readSettings } from "./settings/settings.ts";
import { warnings } from "./settings/warnings.ts";
import { createBackupCopy, requireRegion } from "./storage/backup-copy.ts";
import { Backups } from "./storage/backups.ts";
import { Certificates } from "./storage/certificates.ts";
import { createLogs, groupNames } from "./storage/logs.ts";
import { requirePublicBuckets } from "./storage/public-access-block.ts";
import { Site } from "./storage/site.ts";
import { limitRoles } from "./trust-policy.ts";

const settings = readSettings();
const project = pulumi.getProject();
const stack = pulumi.getStack();
const name = `${project}-${stack}`;

limitRoles(settings.permissionsBoundary);
const tags = { project, stack };
const provider = awsProvider(name, settings.region, tags);
const opts = { providers: [provider] };

const { profile, assumeRoles } = aws.config;
const account = { region: settings.region, profile, assumeRoles };
const { domain } = settings;
const [zones, zone, origin, github] = await Promise.all([
  placeNetwork({ ...settings, ...tags, profile }, provider),
  domain
    ? findZone({ ...settings, ...tags, balancer: balancerName(`${name}-tasks`) }, provider)
    : undefined,
  findOrigin(settings, account, tags),
  requireGithubProvider(settings, profile, provider),
  settings.site === "public" ? requirePublicBuckets({ stack, profile }, provider) : undefined,
  requireRegion(settings, provider),
]);

const protect = settings.protectData && !settings.confirmDestroy;
const keeping = {
  protect,
  coldAfterDays: settings.backupColdAfterDays,
  expireAfterDays: settings.backupExpireAfterDays,
  lockDays: settings.backupLockDays,
};
const backups = new Backups(`${name}-backups`, keeping, opts);
const copyArgs = { ...keeping, source: backups, sourceProvider: provider, account };
const backupCopy = createBackupCopy(`${name}-copy`, settings, copyArgs, tags);
const certificates = settings.https ? new Certificates(`${name}-https`, opts) : undefined;

const app = appOf(settings);
const { commit } = app;
const image = appImage(app);
const serving = await readServing(backups.bucket, { provider });
refuseRolledBack(serving, { commit, image, stack });
announceFirstRelease(serving, app);

const network = new Network(
  name,
  {
    region: settings.region,
    cidr: settings.vpcCidr,
    zones,
    natGateways: settings.natGateways,
    flowLogs: settings.flowLogs,
    buckets: settings.appBuckets,
  },
  opts,
);
const access = {
  ownAddress: settings.allowOwnAddress,
  networks: settings.adminCidrs,
  account,
};
const taskPlan = planTasks(settings, zone);
const taskPort = settings.appDockerfile ? settings.appPort : 5005;
const groups = new SecurityGroups(
  name,
  {
    vpcId: network.vpcId,
    adminCidrs: settings.adminCidrs,
    port5085: settings.port5085,
    taskPort: taskPlan.exist ? taskPort : undefined,
    openSsh: async (group) => {
      const { problems } = await allowOwnAddress({ ...access, group }, ` --stack ${stack}`);
      // No error: whoever is let in by another rule, or has nothing to do by SSH, can go on.
      for (const { message, remedy } of problems)
        void pulumi.log.warn(`${message}\nremedy: ${remedy}`);
    },
  },
  opts,
);

const notes = taskNotes(taskPlan, domain, `${pulumiCommand} up --stack ${stack}`);
for (const warning of [...warnings(settings), ...notes]) void pulumi.log.warn(warning);
const site =
  settings.site === "none"
    ? undefined
    : new Site(
        `${name}-site`,
        {
          title: name,
          access: settings.site,
          downloads: downloadsOf(settings),
          openAfter: [network],
        },
        opts,
      );
const database = new Database(
  `${name}-database`,
  {
    subnetIds: network.private.ids,
    securityGroupId: groups.ids.database,
    instanceClass: settings.databaseInstanceClass,
    allocatedStorage: settings.databaseAllocatedStorage,
    maxAllocatedStorage: settings.databaseMaxAllocatedStorage,
    applyImmediately: settings.databaseApplyImmediately,
    maintenanceWindow: settings.databaseMaintenanceWindow,
    backupWindow: settings.databaseBackupWindow,
    masterPasswordRotation: settings.databaseMasterPasswordRotation,
    schema: settings.databaseName,
    multiAz: settings.databaseMultiAz,
    backupRetentionDays: settings.databaseBackupRetentionDays,
    origin,
    logs: settings.databaseLogs,
    finalSnapshot: settings.protectData,
    protect,
  },
  opts,
);

/** Who may log in, and how `./ops` lets the computer in on which it runs. */
export const sshAccess = groups.ids.app.apply((group): SshAccess => ({ ...access, group }));
const { appServer, testServer, user, privateKey, appHostKey, testHostKey } = createMachines(name, {
  settings,
  subnets: network,
  groups: groups.ids,
  access: sshAccess,
  bucketArns: [backups.arn, ...(certificates ? [certificates.arn] : [])],
  // The program has RDS choose the end of the identifier.
  databaseArn: `arn:aws:rds:*:*:db:${name}-database*`,
  siteObjectArns: site?.writable ?? [],
  provider,
});

const tasks =
  zone && groups.ofTasks
    ? new Tasks(
        `${name}-tasks`,
        {
          stack: name,
          vpcId: network.vpcId,
          subnets: network,
          groups: groups.ofTasks,
          releaseRole: appServer.role,
          domain,
          zone,
          certificateArn: settings.certificateArn,
          port: taskPort,
          health: { path: settings.appHealthPath, status: settings.appHealthStatus },
          size: settings.appTaskSize,
          count: taskPlan.count,
          workers: settings.appWorkerTasks,
          protect: protect && taskPlan.keep,
          architecture: settings.machineImage.architecture,
          ownImage: settings.appDockerfile !== "",
          region: settings.region,
          account,
          logRetentionDays: settings.logRetentionDays,
        },
        opts,
      )
    : undefined;

const logs = createLogs(`${name}-logs`, settings, appServer.role, opts);
const alarms = createAlarms(`${name}-alarms`, settings, tags, appServer.role, opts);
const leadTo = (target: DomainArgs["target"], after: pulumi.Resource[]) =>
  zone ? new Domain(`${name}-domain`, { domain, zone, target, after }, opts) : undefined;
// The record moves away once the load balancer may be deleted: the next update does that.
const unprotected = tasks ? [tasks.balancer.resource] : [];
const toServer = taskPlan.serve ? undefined : leadTo({ address: appServer.publicIp }, unprotected);

const scheme = settings.https ? "https" : "http";
const addressUrl = pulumi.interpolate`${scheme}://${appServer.publicIp}`;
const serverUrl = domain && taskPlan.serverPage === "domain" ? `${scheme}://${domain}` : addressUrl;
/** The app's page. */
export const appUrl = domain ? pulumi.output(`${scheme}://${domain}`) : addressUrl;
/** The app server's page, on which a release is tried before tasks serve it. Empty unless they serve. */
export const canaryUrl = taskPlan.serve ? addressUrl : "";
const release = new Release(`${name}-release`, {
  machine: {
    id: appServer.instanceId,
    host: appServer.publicIp,
    user,
    privateKey,
    hostKey: appHostKey.publicKey,
  },
  access: sshAccess,
  app,
  proxy: {
    image: settings.proxyImage,
    uploadLimit: settings.uploadLimit,
    port5085: settings.port5085,
    acme: {
      directory: settings.acmeDirectory,
      email: settings.acmeEmail,
      caCertificate: settings.acmeCaCertificate,
    },
  },
  database,
  databaseUser: {
    password: settings.databasePassword,
    rotation: settings.databasePasswordRotation,
  },
  publish: publishingOf(settings, name),
  serving,
  groups: groups.ids,
  buckets: {
    backups: backups.bucket,
    certificates: certificates?.bucket,
    site: site?.bucket,
  },
  serverUrl,
  address: appServer.publicIp,
  permissions: appServer.permissions,
  domainRecord: toServer?.record,
  region: settings.region,
  backupCopyRegion: settings.backupCopyRegion,
  allowDestructiveMigrations: settings.allowDestructiveMigrations,
  tasks: tasks && {
    ecs: tasks,
    url: `https://${domain}`,
    timeoutMinutes: settings.appTasksTimeout,
    count: taskPlan.count,
  },
  alarms,
  logs,
});
alarms?.watch(
  watched({
    ...{ settings, url: appUrl, appServer, testServer, database, taskCount: taskPlan.count?.least },
    balancer: taskPlan.serve ? tasks?.balancer : undefined,
  }),
  [release.served, ...release.reported],
);
const toBalancer = tasks && taskPlan.serve ? leadTo(tasks.balancer, [release.served]) : undefined;

export const region = settings.region;
export const vpcId = network.vpcId;
export const appServerPublicIp = appServer.publicIp;
/** The records to create where the domain's DNS is, as in a zone file; empty if there is nothing to do. */
export const dnsRecord = pulumi
  .all([tasks?.recordToCreate ?? "", (toServer ?? toBalancer)?.recordToCreate ?? ""])
  .apply((records) => records.filter(Boolean).join("\n"));
export const appServerHostKey = appHostKey.publicKey;
/** It can be reached from the app server only. */
export const testServerPrivateIp = testServer.privateIp;
export const testServerHostKey = testHostKey.publicKey;
/** Who logs in to both, by {@link sshPrivateKey}: `./ops ssh`. */
export const sshUser = user;
export const sshPrivateKey = privateKey;
/** `host:port`; it can be reached from the app server only. */
export const databaseEndpoint = pulumi.interpolate`${database.address}:${database.port}`;
export const databaseName = database.schema;
/** The app's own user, with rights on its schema only. */
export const databaseUser = release.databaseUser;
export const databasePassword = release.databasePassword;
/** Empty unless the site is public. */
export const siteUrl = site?.url ?? "";
/** Empty if there is no site. */
export const siteBucket = site?.bucket ?? "";
export const backupBucket = backups.bucket;
/** The copy of the backups in the region of the setting backupCopyRegion; empty without it. */
export const backupCopyBucket = backupCopy?.bucket ?? "";
/** What `./ops logs --since` reads in CloudWatch, with a blank between two; empty if the logs stay on the machine. */
export const logGroups = groupNames(logs, tasks?.names.logGroup);
/** The commit that the last `up` was told to serve. `./ops status` tells what serves now. */
export const configuredCommit = commit;
/** What GitHub Actions use; empty without ciRepository. */
export const { ciDeployRoleArn, ciPreviewRoleArn } = createCi(name, settings, stack, github, opts);
