import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { digest } from "./scripts.ts";
import { quote, type MachineFile } from "./shell.ts";

/** Where everything is on the machine; scripts/common.sh says the same. */
export const root = "/opt/flask-on-aws";

/** The machine to deploy to. */
export interface Target {
  /** A new id means a new machine, which gets everything again. */
  readonly id: pulumi.Input<string>;
  readonly host: pulumi.Input<string>;
  readonly user: string;
  readonly privateKey: pulumi.Input<string>;
  /** Belongs to this machine only. An earlier or later machine at the same address has another one. */
  readonly hostKey: pulumi.Input<string>;
}

/** A script of scripts/ to be run on the machine. */
export interface Step {
  /** What runs it, if it is not a script of its own name. */
  readonly by?: string;
  readonly args?: pulumi.Input<string | number>[];
  /** Where there is one, what the script prints is neither logged nor shown: it may be a secret. */
  readonly stdin?: pulumi.Input<string>;
  /** What, beside machine, scripts, arguments and standard input, calls for another run. */
  readonly triggers?: pulumi.Input<string>[];
  readonly after: pulumi.Resource[];
  /** Ends of its resource's name in stacks of earlier versions. */
  readonly formerly?: readonly string[];
}

/** Runs commands and scripts on the machine by SSH, each as a resource named `NAME-SUFFIX`. */
export class Steps {
  /** What calls for another run of every step: a new machine, or new scripts. */
  readonly everyRun: readonly pulumi.Input<string>[];
  private readonly name: string;
  private readonly connection: command.types.input.remote.ConnectionArgs;
  private readonly opts: { readonly parent: pulumi.Resource };

  constructor(
    name: string,
    machine: Target,
    scripts: readonly MachineFile[],
    opts: { readonly parent: pulumi.Resource },
  ) {
    const { id, ...host } = machine;
    this.everyRun = [id, digest(JSON.stringify(scripts))];
    this.name = name;
    // The default of 10 gives up after 11 seconds, while the machine still boots.
    this.connection = { ...host, dialErrorLimit: 60 };
    this.opts = opts;
  }

  run(
    suffix: string,
    create: pulumi.Input<string>,
    step: Omit<Step, "args" | "by">,
  ): command.remote.Command {
    return new command.remote.Command(
      `${this.name}-${suffix}`,
      {
        connection: this.connection,
        create,
        ...(step.stdin === undefined
          ? {}
          : { stdin: step.stdin, logging: command.remote.Logging.None }),
        triggers: [...this.everyRun, ...(step.triggers ?? [])],
        // Else the output of the run before would be put into the environment of the next one.
        addPreviousOutputInEnv: false,
      },
      {
        ...this.opts,
        dependsOn: step.after,
        aliases: (step.formerly ?? []).map((former) => ({ name: `${this.name}-${former}` })),
        additionalSecretOutputs: step.stdin === undefined ? [] : ["stdout", "stderr"],
      },
    );
  }

  script(
    suffix: string,
    { by = `${suffix}.sh`, args = [], ...step }: Step,
  ): command.remote.Command {
    const create = pulumi
      .all(args)
      .apply((words) => [`${root}/bin/${by}`, ...words.map(quote)].join(" "));
    return this.run(suffix, create, step);
  }

  /**
   * Runs a script when the resource is deleted, and then only. It must not run because something else has changed. It does
   * not run if `of` is deleted as well: then there is nothing left to change, and the machine may be gone.
   */
  atEnd(suffix: string, script: string, of: pulumi.Resource): pulumi.Resource {
    return new command.remote.Command(
      `${this.name}-${suffix}`,
      {
        connection: this.connection,
        create: "true",
        delete: `${root}/bin/${script}`,
        addPreviousOutputInEnv: false,
      },
      { ...this.opts, dependsOn: of, deletedWith: of },
    );
  }
}
