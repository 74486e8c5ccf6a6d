import type * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../settings/settings.ts";

/** The app to release. Where something is empty, scripts/describe-app.sh finds it in the files of the commit. */
export interface App {
  readonly repository: string;
  /** What opens a private repository: an access token for https, a private key for ssh. */
  readonly credential: pulumi.Input<string> | undefined;
  /** Full hash. */
  readonly commit: string;
  /** Container image that the app's image starts from. */
  readonly baseImage: string;
  /** Package index of the requirements; PyPI if empty. */
  readonly pipIndexUrl: string;
  /** What gunicorn serves, as `run:app`; may be empty. */
  readonly module: string;
  /** Path of the page that the health check asks for; may be empty. */
  readonly healthPath: string;
  /** The page's status. */
  readonly healthStatus: number;
  /** Whether the app keeps its data in the database. */
  readonly database: boolean;
  /** Whether the release proves that. */
  readonly databaseCheck: boolean;
  readonly migrations: Settings["appMigrations"];
  /** Directory in the container whose files outlive releases and are in the backups; none if empty. */
  readonly files: string;
  /** The app's own variables. */
  readonly environment: Settings["appEnvironment"];
  readonly secrets: Settings["appSecrets"];
  /** Debian packages of the image. */
  readonly packages: readonly string[];
  /** Path in the repository; empty for scripts/Dockerfile.release. */
  readonly dockerfile: string;
  /** Port on which the app listens; counts with `dockerfile` only. */
  readonly port: number;
  /** Commands that cron runs. */
  readonly schedule: Settings["appSchedule"];
  /** When the machine and the app's image are patched: as cron has it, or `off`. */
  readonly patchSchedule: string;
  /** Container image of Redis beside the app; undefined if there is none. */
  readonly redisImage: string | undefined;
}

/** The app that the settings name. */
export function appOf(settings: Settings): App {
  return {
    repository: settings.appRepository,
    credential: settings.appRepositoryCredential,
    commit: settings.appCommit,
    baseImage: settings.baseImage,
    pipIndexUrl: settings.pipIndexUrl,
    module: settings.appModule,
    healthPath: settings.appHealthPath,
    healthStatus: settings.appHealthStatus,
    database: settings.appDatabase,
    databaseCheck: settings.appDatabaseCheck,
    migrations: settings.appMigrations,
    files: settings.appFiles,
    environment: settings.appEnvironment,
    secrets: settings.appSecrets,
    packages: settings.appPackages,
    dockerfile: settings.appDockerfile,
    port: settings.appPort,
    schedule: settings.appSchedule,
    patchSchedule: settings.patchSchedule,
    redisImage: settings.appRedis ? settings.redisImage : undefined,
  };
}
