import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Database } from "../database/database.ts";
import type { SshAccess } from "../network/ssh-access.ts";
import { randomSecret } from "../secrets.ts";
import { ops, pulumi as pulumiCommand } from "../operations/names.ts";
import { appEnvironment } from "./environment.ts";
import { appImage, digest, readScripts } from "./scripts.ts";
import { releaseTrigger, type Serving } from "./serving.ts";
import { installation, quote, shellVariables } from "./shell.ts";

/** Where everything is on the machine; scripts/common.sh says the same. */
const root = "/opt/flask-on-aws";

/** Arguments of {@link Release}. */
export interface ReleaseArgs {
  /** The machine to deploy to. */
  readonly machine: {
    /** A new id means a new machine, which gets everything again. */
    readonly id: pulumi.Input<string>;
    readonly host: pulumi.Input<string>;
    readonly user: string;
    readonly privateKey: pulumi.Input<string>;
    /** Its own, which a machine at the same address before or after it does not have. */
    readonly hostKey: pulumi.Input<string>;
  };
  /** Who may reach the machine by SSH, for the message when this computer cannot. */
  readonly access: pulumi.Input<SshAccess>;
  readonly app: {
    readonly repository: string;
    /** What opens a private repository: an access token for https, a private key for ssh. */
    readonly credential: pulumi.Input<string> | undefined;
    /** Full hash. */
    readonly commit: string;
    /** Container image that the app's image starts from. */
    readonly baseImage: string;
    /** Where pip looks for packages; PyPI if empty. */
    readonly pipIndexUrl: string;
    readonly nginxImage: string;
  };
  readonly database: Pick<
    Database,
    "address" | "port" | "schema" | "masterUser" | "masterPassword"
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
        /** What lets the machine write to the site. */
        readonly permissions: pulumi.Resource;
      }
    | undefined;
  /** The record of what serves now. */
  readonly serving: Serving | undefined;
  /** What a failed check on the machine is explained by. */
  readonly groups: Readonly<Record<"app" | "database", pulumi.Input<string>>>;
  readonly buckets: {
    readonly backups: pulumi.Input<string>;
    /** Undefined if there is no site. */
    readonly site: pulumi.Input<string> | undefined;
  };
  /** The app's address, told on the site's page. */
  readonly appUrl: pulumi.Input<string>;
  readonly region: string;
  /** Whether a generated migration may drop tables and columns. */
  readonly allowDestructiveMigrations: boolean;
}

/** A script of scripts/ to be run on the machine. */
interface Step {
  /** What runs it, if it is not a script of its own name. */
  readonly by?: string;
  readonly args?: pulumi.Input<string | number>[];
  /** Where there is one, what the script prints is neither logged nor shown: it may be a secret. */
  readonly stdin?: pulumi.Input<string>;
  /** What, beside machine, scripts, arguments and standard input, calls for another run. */
  readonly triggers?: pulumi.Input<string>[];
  readonly after: pulumi.Resource[];
  /** The end of its resource's name in stacks of earlier versions. */
  readonly formerly?: string;
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

  constructor(name: string, args: ReleaseArgs, opts?: pulumi.ComponentResourceOptions) {
    super("flask-on-aws:deployer:Release", name, {}, opts);
    const { machine, app, database } = args;

    // While one is in use the other is made, so a rotation fails no request.
    const { password, rotation } = args.databaseUser;
    const [user, otherUser] = rotation % 2 === 0 ? ["app_a", "app_b"] : ["app_b", "app_a"];
    this.databaseUser = user;
    this.databasePassword = pulumi.secret(
      password ?? randomSecret(`${name}-database-password`, 16, { parent: this }, rotation),
    );
    const environment = pulumi.secret(
      pulumi
        .all([
          database.address,
          database.port,
          this.databasePassword,
          randomSecret(`${name}-secret-key`, 32, { parent: this }),
        ])
        .apply(([host, port, password, secretKey]) =>
          appEnvironment({
            host,
            port,
            schema: database.schema,
            user,
            password,
            certificates: `${root}/rds-ca.pem`,
            secretKey,
          }),
        ),
    );

    const files = readScripts();
    const { id, ...host } = machine;
    const everyRun = [id, digest(JSON.stringify(files))];
    // The default of 10 gives up after 11 seconds, while the machine still boots.
    const connection = { ...host, dialErrorLimit: 60 };
    const run = (suffix: string, create: pulumi.Input<string>, step: Omit<Step, "args" | "by">) =>
      new command.remote.Command(
        `${name}-${suffix}`,
        {
          connection,
          create,
          ...(step.stdin === undefined
            ? {}
            : { stdin: step.stdin, logging: command.remote.Logging.None }),
          triggers: [...everyRun, ...(step.triggers ?? [])],
          // Else the output of the run before would be put into the environment of the next one.
          addPreviousOutputInEnv: false,
        },
        {
          parent: this,
          dependsOn: step.after,
          aliases: step.formerly ? [{ name: `${name}-${step.formerly}` }] : [],
          additionalSecretOutputs: step.stdin === undefined ? [] : ["stdout", "stderr"],
        },
      );
    const script = (suffix: string, { by = `${suffix}.sh`, args = [], ...step }: Step) =>
      run(
        suffix,
        pulumi.all(args).apply((words) => [`${root}/bin/${by}`, ...words.map(quote)].join(" ")),
        step,
      );

    const image = appImage(app.commit, app.baseImage);
    // Before the first step, which would try for minutes and could not say why it fails.
    const reached = new command.local.Command(
      `${name}-reach`,
      {
        // After the first contact with a new machine, which waits for its boot and says the same.
        create: pulumi
          .all([machine.host, args.access, machine.hostKey])
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
          rotation,
          releaseTrigger(args.serving, image),
        ],
        addPreviousOutputInEnv: false,
      },
      { parent: this },
    );
    const install = run("install", "bash -s", {
      stdin: installation(`${root}/bin`, files),
      after: [reached],
    });
    const boot = script("wait-for-cloud-init", { after: [install] });

    const fetch = script("fetch", {
      args: [app.repository, app.commit],
      ...(app.credential ? { stdin: app.credential } : {}),
      after: [boot],
    });
    const build = script("build", {
      args: [app.commit, image, app.baseImage, app.pipIndexUrl],
      by: "run-detached.sh build build.sh",
      after: [fetch],
    });

    // Up to here nothing needs the database, which takes minutes to be created.
    const server = [database.address, database.port, database.masterUser];
    const prepare = script("prepare-database", {
      args: [args.region, ...server, database.schema, user],
      stdin: pulumi.interpolate`${database.masterPassword}\n${this.databasePassword}\n`,
      after: [boot],
    });
    const stackVariables = pulumi
      .output({
        REGION: args.region,
        DB_HOST: database.address,
        DB_PORT: database.port,
        SCHEMA: database.schema,
        BUCKET: args.buckets.backups,
        SITE_BUCKET: args.buckets.site ?? "",
        APP_URL: args.appUrl,
        APP_GROUP: args.groups.app,
        DATABASE_GROUP: args.groups.database,
        ALLOW_DESTRUCTIVE: args.allowDestructiveMigrations,
        PUBLISH: args.publish !== undefined,
        // What messages of the scripts tell the operator to type.
        STACK: pulumi.getStack(),
        OPS: ops,
        PULUMI: pulumiCommand,
      })
      .apply(shellVariables);
    const write = (file: string, text: pulumi.Output<string>) =>
      script(`write-${file}`, {
        args: [file],
        by: "write-file.sh",
        stdin: text,
        after: [boot],
      });
    const written = [write("app.env", environment), write("stack.env", stackVariables)];
    const deploy = script("deploy", {
      args: [image, app.nginxImage],
      by: "run-detached.sh deploy deploy-lock.sh deploy.sh",
      triggers: [
        pulumi.all([environment, stackVariables]).apply((texts) => digest(texts.join())),
        releaseTrigger(args.serving, image),
      ],
      after: [build, prepare, ...written],
    });
    script("schedule", { after: [deploy] });
    script("drop-old-user", {
      formerly: "retire-user",
      args: [...server, otherUser],
      stdin: pulumi.interpolate`${database.masterPassword}\n`,
      after: [deploy],
    });
    if (args.publish) {
      const { repository, branch, token, dump, permissions } = args.publish;
      script("publish", {
        args: [repository, branch, String(dump)],
        by: "deploy-lock.sh publish.sh",
        stdin: token,
        // A site that is new has no download yet.
        triggers: [image, ...(args.buckets.site === undefined ? ["no site"] : [])],
        after: [deploy, permissions],
      });
    }

    this.registerOutputs();
  }
}
