import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Alarms } from "../alarms/alarms.ts";
import type { Database } from "../database/database.ts";
import type { SshAccess } from "../network/ssh-access.ts";
import { randomSecret } from "../secrets.ts";
import type { Logs } from "../storage/logs.ts";
import type { App } from "./app.ts";
import { databaseUsers, lockOldUser, prepareDatabase } from "./database-steps.ts";
import { appEnvironment } from "./environment.ts";
import { appImage, digest, readScripts } from "./scripts.ts";
import { releaseTrigger, type Serving } from "./serving.ts";
import { installation, quote } from "./shell.ts";
import { scheduleLines } from "./schedule.ts";
import { stackVariables } from "./stack-variables.ts";
import { root, Steps, type Target } from "./steps.ts";
import { serveTasks, type ReleaseTasks } from "./task-steps.ts";

/** Arguments of {@link Release}. */
export interface ReleaseArgs {
  /** The machine to deploy to. */
  readonly machine: Target;
  /** Who may reach the machine by SSH, for the message when this computer cannot. */
  readonly access: pulumi.Input<SshAccess>;
  readonly app: App;
  /** The proxy before the app. */
  readonly proxy: {
    /** Container image of Caddy. */
    readonly image: string;
    /** Largest request body, in MB. */
    readonly uploadLimit: number;
    /** Whether everybody may reach port 5085. */
    readonly port5085: boolean;
    /** Who issues the certificate, if `serverUrl` is an https address. */
    readonly acme: {
      readonly directory: string;
      /** Of the account at the CA; may be empty. */
      readonly email: string;
      /** PEM; empty for the CAs that the machine trusts. */
      readonly caCertificate: string;
    };
  };
  readonly database: Pick<
    Database,
    "address" | "port" | "schema" | "masterUser" | "masterPassword" | "masterPasswordRotation"
  >;
  /** The app's user of the database. */
  readonly databaseUser: {
    /** A random one if it is not given. Change it together with `rotation`. */
    readonly password: pulumi.Input<string> | undefined;
    /** 0 and up. Each means the other one of two users, with another password. */
    readonly rotation: number;
  };
  /** Where the tree that serves is pushed; the site offers it, too. Undefined: nowhere. */
  readonly publish:
    | {
        readonly repository: string;
        readonly branch: string;
        readonly token: pulumi.Input<string>;
        /** Whether the site offers the database's rows as well. */
        readonly dump: boolean;
      }
    | undefined;
  /** The record of what serves now. */
  readonly serving: Serving | undefined;
  /** What a failed check on the machine is explained by. */
  readonly groups: Readonly<Record<"app" | "database", pulumi.Input<string>>>;
  readonly buckets: {
    readonly backups: pulumi.Input<string>;
    /** Undefined without HTTPS. */
    readonly certificates: pulumi.Input<string> | undefined;
    /** Undefined if there is no site. */
    readonly site: pulumi.Input<string> | undefined;
  };
  /** The app server's page: scheme and host. */
  readonly serverUrl: pulumi.Input<string>;
  /** The app server's public address. */
  readonly address: pulumi.Input<string>;
  /** What lets the machine read and write its buckets. */
  readonly permissions: pulumi.Resource;
  /** The record of the host of `serverUrl`, if the program makes it: the certificate is ordered after it. */
  readonly domainRecord: pulumi.Resource | undefined;
  readonly region: string;
  /** Where S3 copies the backups; empty: nowhere. */
  readonly backupCopyRegion: string;
  /** Whether a generated migration may drop tables and columns. */
  readonly allowDestructiveMigrations: boolean;
  /** What serves the app; undefined if the app server does. */
  readonly tasks: ReleaseTasks | undefined;
  /** The alarms to which the machine reports its state; undefined without the setting alarmEmail. */
  readonly alarms: Pick<Alarms, "names" | "permissions"> | undefined;
  /** Where the machine sends its logs; undefined if they stay there. */
  readonly logs: Pick<Logs, "group"> | undefined;
}

/**
 * One release of the app: scripts that are run on the machine by SSH, in order. Each runs again
 * when the machine, the scripts or what it was given has changed, and not otherwise.
 */
export class Release extends pulumi.ComponentResource {
  /** The database user of the app, with rights on its schema only. */
  readonly databaseUser: string;
  /** A secret. */
  readonly databasePassword: pulumi.Output<string>;
  /** The step after which the release serves everybody. */
  readonly served: pulumi.Resource;
  /** The step after which CloudWatch has a first report of the machine; none without alarms. */
  readonly reported: readonly pulumi.Resource[];

  constructor(name: string, args: ReleaseArgs, opts?: pulumi.ComponentResourceOptions) {
    super("flask-on-aws:deployer:Release", name, {}, opts);
    const { app, database } = args;
    const [user, otherUser] = databaseUsers(args.databaseUser.rotation);
    this.databaseUser = user;
    this.databasePassword = this.createDatabasePassword(name, args.databaseUser);
    const environment = this.createEnvironment(name, args);

    const files = readScripts();
    const steps = new Steps(name, args.machine, files, { parent: this });
    const image = appImage(app);
    const reached = this.createReach(name, args, steps.everyRun, image);
    const install = steps.run("install", "bash -s", {
      stdin: installation(`${root}/bin`, files),
      after: [reached],
    });
    const boot = steps.script("wait-for-cloud-init", { after: [install] });
    const build = buildImage(steps, app, image, boot);

    // Up to here nothing needs the database, which takes minutes to be created.
    const prepare = prepareDatabase(steps, args, user, this.databasePassword, boot);
    const variables = stackVariables(args);
    const written = [
      writeFile(steps, "app.env", environment, boot),
      writeFile(steps, "stack.env", variables, boot),
    ];
    const triggers = [
      pulumi.all([environment, variables]).apply((texts) => digest(texts.join())),
      releaseTrigger(args.serving, image),
    ];
    const deploy = steps.script("deploy", {
      args: [image],
      by: "run-detached.sh deploy deploy-lock.sh deploy.sh",
      triggers,
      after: [
        build,
        prepare,
        ...written,
        args.permissions,
        ...(args.domainRecord ? [args.domainRecord] : []),
      ],
    });
    steps.script("schedule", {
      args: ["write", app.patchSchedule],
      stdin: scheduleLines(app.schedule),
      after: [deploy],
    });
    this.served = args.tasks ? serveTasks(steps, args.tasks, image, triggers, deploy) : deploy;
    lockOldUser(steps, database, otherUser, this.served);
    this.reported = args.alarms
      ? [steps.script("report-metrics", { triggers, after: [deploy, args.alarms.permissions] })]
      : [];
    if (args.publish) publish(steps, args.publish, args.buckets.site, image, deploy);

    this.registerOutputs();
  }

  private createDatabasePassword(
    name: string,
    { password, rotation }: ReleaseArgs["databaseUser"],
  ): pulumi.Output<string> {
    return pulumi.secret(
      password ?? randomSecret(`${name}-database-password`, 16, { parent: this }, rotation),
    );
  }

  /** The app's settings as a .env file; a secret. */
  private createEnvironment(name: string, { app, database }: ReleaseArgs): pulumi.Output<string> {
    const user = this.databaseUser;
    return pulumi.secret(
      pulumi
        .all([
          database.address,
          database.port,
          this.databasePassword,
          randomSecret(`${name}-secret-key`, 32, { parent: this }),
          app.secrets,
        ])
        .apply(([host, port, password, secretKey, secrets]) =>
          appEnvironment({
            database: app.database
              ? {
                  ...{ host, port, schema: database.schema, user, password },
                  certificates: `${root}/rds-ca.pem`,
                }
              : undefined,
            redis: app.redisImage !== undefined,
            secretKey,
            variables: app.environment,
            secrets,
          }),
        ),
    );
  }

  /** Checks from this computer that SSH works. Without it, the first step retries for minutes and cannot name the cause. */
  private createReach(
    name: string,
    { machine, access, app, database, databaseUser, serving }: ReleaseArgs,
    everyRun: readonly pulumi.Input<string>[],
    image: string,
  ): pulumi.Resource {
    return new command.local.Command(
      `${name}-reach`,
      {
        // Waits for the first contact, which resolves the host key: that already reports a machine that does not answer.
        create: pulumi
          .all([machine.host, access, machine.hostKey])
          .apply(([address, access]) =>
            ["node", "deployer/reach.ts"]
              .concat([address, pulumi.getStack(), JSON.stringify(access)].map(quote))
              .join(" "),
          ),
        // Whatever calls for a release.
        triggers: [
          ...everyRun,
          image,
          app.repository,
          databaseUser.rotation,
          database.masterPasswordRotation,
          releaseTrigger(serving, image),
        ],
        addPreviousOutputInEnv: false,
      },
      { parent: this },
    );
  }
}

function buildImage(
  steps: Steps,
  app: ReleaseArgs["app"],
  image: string,
  boot: pulumi.Resource,
): pulumi.Resource {
  const fetch = steps.script("fetch", {
    args: [app.repository, app.commit, app.module, app.dockerfile],
    ...(app.credential ? { stdin: app.credential } : {}),
    after: [boot],
  });
  return steps.script("build", {
    args: [
      ...[app.commit, image, app.baseImage, app.pipIndexUrl],
      ...[app.dockerfile, app.packages.join(" ")],
    ],
    by: "run-detached.sh build build.sh",
    after: [fetch],
  });
}

function writeFile(
  steps: Steps,
  file: string,
  text: pulumi.Output<string>,
  boot: pulumi.Resource,
): pulumi.Resource {
  return steps.script(`write-${file}`, {
    args: [file],
    by: "write-file.sh",
    stdin: text,
    after: [boot],
  });
}

function publish(
  steps: Steps,
  { repository, branch, token, dump }: NonNullable<ReleaseArgs["publish"]>,
  site: ReleaseArgs["buckets"]["site"],
  image: string,
  deploy: pulumi.Resource,
): void {
  steps.script("publish", {
    args: [repository, branch, String(dump)],
    by: "deploy-lock.sh publish.sh",
    stdin: token,
    // A site that is new has no download yet.
    triggers: [image, ...(site === undefined ? ["no site"] : [])],
    after: [deploy],
  });
}
