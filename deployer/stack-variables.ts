import * as pulumi from "@pulumi/pulumi";
import { ops, pulumi as pulumiCommand } from "../operations/names.ts";
import type { ReleaseArgs } from "./release.ts";
import { shellVariables } from "./shell.ts";

/** What the scripts know of the stack; scripts/common.sh reads it. */
export function stackVariables(args: ReleaseArgs): pulumi.Output<string> {
  return pulumi
    .output({
      REGION: args.region,
      DB_HOST: args.database.address,
      DB_PORT: args.database.port,
      SCHEMA: args.database.schema,
      BUCKET: args.buckets.backups,
      CERTIFICATE_BUCKET: args.buckets.certificates ?? "",
      SITE_BUCKET: args.buckets.site ?? "",
      APP_URL: args.serverUrl,
      ADDRESS: args.address,
      APP_GROUP: args.groups.app,
      DATABASE_GROUP: args.groups.database,
      ALLOW_DESTRUCTIVE: args.allowDestructiveMigrations,
      APP_MODULE: args.app.module,
      APP_HEALTH_PATH: args.app.healthPath,
      APP_HEALTH_STATUS: args.app.healthStatus,
      APP_DATABASE: args.app.database,
      APP_DATABASE_CHECK: args.app.databaseCheck,
      APP_MIGRATIONS: args.app.migrations,
      APP_DOCKERFILE: args.app.dockerfile,
      APP_PORT: args.app.port,
      APP_REDIS: args.app.redisImage !== undefined,
      REDIS_IMAGE: args.app.redisImage ?? "",
      APP_FILES: args.app.files,
      PROXY_IMAGE: args.proxy.image,
      UPLOAD_LIMIT: args.proxy.uploadLimit,
      PORT_5085: args.proxy.port5085,
      ACME_DIRECTORY: args.proxy.acme.directory,
      ACME_EMAIL: args.proxy.acme.email,
      ACME_CA_CERTIFICATE: args.proxy.acme.caCertificate,
      PUBLISH: args.publish !== undefined,
      // What messages of the scripts tell the operator to type.
      STACK: pulumi.getStack(),
      OPS: ops,
      PULUMI: pulumiCommand,
      ...(args.tasks ? taskVariables(args.tasks) : {}),
      // Without a copy, the variables are those of earlier versions, and no release is needed.
      ...(args.backupCopyRegion ? { BACKUP_COPY_REGION: args.backupCopyRegion } : {}),
      ...(args.alarms ? alarmVariables(args.alarms) : {}),
      ...(args.logs ? { LOG_GROUP: args.logs.group } : {}),
    })
    .apply(shellVariables);
}

/** Without tasks the scripts find none of these. */
function taskVariables({ ecs: { names }, url, timeoutMinutes }: NonNullable<ReleaseArgs["tasks"]>) {
  return {
    TASKS_CLUSTER: names.cluster,
    TASKS_SERVICE: names.service,
    ...(names.workers === undefined ? {} : { TASKS_WORKERS: names.workers }),
    TASKS_REPOSITORY: names.repository,
    TASKS_PARAMETERS: names.parameters,
    TASKS_LOGS: names.logGroup,
    TASKS_GROUP: names.group,
    TASKS_TIMEOUT: timeoutMinutes * 60,
    TASKS_URL: url,
  };
}

/** Without alarms the scripts find none of these. */
function alarmVariables({ names }: NonNullable<ReleaseArgs["alarms"]>) {
  return {
    ALARM_NAMESPACE: names.namespace,
    ALARM_TOPICS: names.topics,
    ALARM_EMAIL: names.email,
  };
}
