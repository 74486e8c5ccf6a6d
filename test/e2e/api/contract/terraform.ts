/** The terraform CLI with the real hashicorp/aws provider, held to an API on loopback. */
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { arch, homedir, platform, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import type { Principal } from "../../../support/principals.ts";
import { type Lookup, lookups } from "./lookups.ts";
import {
  address,
  appliedInputs,
  type Inputs,
  type Options,
  plannedInputs,
  type Reference,
  resolved,
  type Subject,
} from "./subject.ts";

/** What a plan does to one subject, in Pulumi's names. */
export interface Planned {
  readonly action: "none" | "create" | "update" | "replace";
  /** Inputs that an update changes. */
  readonly changed: string[];
  readonly replacing: string[];
}

const providerPath = "registry.terraform.io/hashicorp/aws";

/** Where a machine may keep providers for use without a registry, most particular first. */
function* mirrors(): Generator<string> {
  const { env } = process;
  if (env.TF_PLUGIN_DIR) yield env.TF_PLUGIN_DIR;
  for (const file of [env.TF_CLI_CONFIG_FILE, join(homedir(), ".terraformrc")])
    if (file && existsSync(file))
      for (const [, path] of readFileSync(file, "utf8").matchAll(/^\s*path\s*=\s*"(.*)"/gm))
        yield path!;
  yield join(homedir(), ".terraform.d/plugins");
  for (const data of (env.XDG_DATA_DIRS ?? "/usr/local/share:/usr/share").split(":"))
    yield join(data, "terraform/plugins");
  if (existsSync("/opt")) for (const name of readdirSync("/opt")) yield join("/opt", name);
}

export interface Provider {
  /** Directory of a filesystem mirror. */
  readonly mirror: string;
  readonly version: string;
}

/** The newest provider on this machine, or why there is none to use. */
export function findProvider(): Provider | string {
  const onPath = (process.env.PATH ?? "")
    .split(":")
    .some((dir) => existsSync(join(dir, "terraform")));
  if (!onPath) return "no terraform CLI on PATH";
  const architecture = arch() === "x64" ? "amd64" : arch();
  for (const mirror of mirrors()) {
    const provider = join(mirror, providerPath);
    const versions = existsSync(provider) ? readdirSync(provider) : [];
    const version = versions
      .filter((one) => existsSync(join(provider, one, `${platform()}_${architecture}`)))
      .sort((a, b) => b.localeCompare(a, "en", { numeric: true }))[0];
    if (version) return { mirror, version };
  }
  return "no provider hashicorp/aws on this machine (TF_PLUGIN_DIR may name its filesystem mirror)";
}

const snake = (name: string): string =>
  name.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`);
/** Pulumi makes plurals of repeated blocks. */
const blocks: Partial<Record<string, string>> = {
  ...{ rules: "rule", parameters: "parameter", transitions: "transition", filters: "filter" },
  ...{ aliases: "alias", defaultActions: "default_action", loadBalancers: "load_balancer" },
  settings: "setting",
};
const argument = (name: string, renamed: Options["renamed"] = {}): string =>
  renamed[name] ?? blocks[name] ?? snake(name);
/** Maps whose keys are no names of arguments. */
const isMap = (name: string) => name === "tags" || name === "dimensions";

const snakeCased = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(snakeCased);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [argument(key), snakeCased(member)]),
  );
};

interface PlannedChange {
  actions: string[];
  before: Inputs | null;
  after: Inputs | null;
  after_unknown: Inputs;
  replace_paths?: [string, ...unknown[]][];
}

export class Terraform {
  private readonly directory: string;
  private readonly endpoint: string;
  private readonly version: string;
  private readonly subjects: readonly Subject[];
  private readonly caller: Principal;

  private constructor(
    directory: string,
    endpoint: string,
    version: string,
    subjects: readonly Subject[],
    caller: Principal,
  ) {
    this.directory = directory;
    this.caller = caller;
    this.endpoint = endpoint;
    this.version = version;
    this.subjects = subjects;
  }

  /** Initialises a directory of its own, where nothing but `endpoint` and the mirror is in reach. */
  static async start(
    { mirror, version }: Provider,
    endpoint: string,
    subjects: readonly Subject[],
    caller: Principal,
  ): Promise<Terraform> {
    const directory = await mkdtemp(join(tmpdir(), "contract-"));
    const terraform = new Terraform(directory, endpoint, version, subjects, caller);
    await writeFile(
      join(directory, "cli.tfrc"),
      `disable_checkpoint = true\nprovider_installation {\n  filesystem_mirror {\n    path = "${mirror}"\n  }\n}\n`,
    );
    await terraform.write(0, plannedInputs);
    await terraform.run("init");
    return terraform;
  }

  /** What a round will do to each subject, by address. */
  async plan(round: number): Promise<Map<string, Planned>> {
    await this.write(round, plannedInputs);
    await this.run("plan", "-out=plan", "-parallelism=30");
    const { resource_changes } = JSON.parse(await this.run("show", "-json", "plan")) as {
      resource_changes: { address: string; change: PlannedChange }[];
    };
    const changes = new Map(resource_changes.map(({ address, change }) => [address, change]));
    return new Map(
      this.subjects.map((subject) => [
        address(subject),
        planned(changes.get(address(subject))!, inputNames(subject, round), subject.options),
      ]),
    );
  }

  /** Makes what a round changes, after it was planned. */
  async apply(round: number): Promise<void> {
    await this.write(round, appliedInputs);
    await this.run("apply", "-auto-approve", "-refresh=false", "-parallelism=30");
  }

  /** The id of each subject, by address. */
  async ids(): Promise<Map<string, string>> {
    return new Map(
      (await this.state("managed")).map(({ type, name, instances }) => [
        `${type}.${name}`,
        instances[0]!.attributes.id as string,
      ]),
    );
  }

  /** What a lookup returned at the last `apply`: those of `names`, Pulumi's, that the provider knows. */
  async lookUp({ terraform }: Lookup, names: readonly string[]): Promise<Inputs> {
    const found = (await this.state("data")).find(({ type }) => type === terraform)!;
    const { attributes } = found.instances[0]!;
    const known = names.filter((name) => snake(name) in attributes);
    return Object.fromEntries(known.map((name) => [name, attributes[snake(name)]]));
  }

  private async state(wanted: "managed" | "data") {
    const { resources } = JSON.parse(
      await readFile(join(this.directory, "terraform.tfstate"), "utf8"),
    ) as {
      resources: {
        mode: string;
        type: string;
        name: string;
        instances: { attributes: Inputs }[];
      }[];
    };
    return resources.filter(({ mode }) => mode === wanted);
  }

  remove(): Promise<void> {
    return rm(this.directory, { recursive: true });
  }

  private async write(round: number, inputsIn: typeof plannedInputs): Promise<void> {
    const named = (name: string) => this.subjects.find((subject) => subject.name === name)!;
    const expression = (reference: Reference) =>
      `\${${address(named(reference.subject))}.${snake(reference.attribute)}}`;
    const resource: Record<string, Record<string, unknown>> = {};
    for (const subject of this.subjects) {
      const { after } = subject.options;
      const inputs = resolved(inputsIn(round, subject), expression) as Inputs;
      (resource[subject.terraform] ??= {})[subject.name] = {
        ...Object.fromEntries(
          Object.entries(inputs).map(([name, value]) => [
            argument(name, subject.options.renamed),
            isMap(name) ? value : snakeCased(value),
          ]),
        ),
        ...(after ? { depends_on: [address(named(after))] } : {}),
      };
    }
    const services =
      "acm appautoscaling cloudwatch ec2 ecr ecs elbv2 iam logs rds route53 s3 s3control servicequotas sns ssm sts";
    const configuration = {
      terraform: {
        required_providers: { aws: { source: "hashicorp/aws", version: this.version } },
      },
      provider: {
        aws: {
          region: "us-west-2",
          access_key: this.caller.credentials.accessKeyId,
          secret_key: this.caller.credentials.secretAccessKey,
          skip_credentials_validation: true,
          skip_metadata_api_check: "true",
          skip_requesting_account_id: true,
          s3_use_path_style: true,
          default_tags: { tags: { project: "contract" } },
          endpoints: Object.fromEntries(
            services.split(" ").map((service) => [service, this.endpoint]),
          ),
        },
      },
      resource,
      data: Object.fromEntries(
        lookups.map(({ terraform, args, after }) => {
          const { tags, ...others } = resolved(args, expression) as Inputs;
          const inputs = { ...(snakeCased(others) as Inputs), ...(tags ? { tags } : {}) };
          return [terraform, { lookup: { ...inputs, ...(after ? { depends_on: [after] } : {}) } }];
        }),
      ),
    };
    await writeFile(
      join(this.directory, "main.tf.json"),
      JSON.stringify(configuration, undefined, 1),
    );
  }

  private async run(command: string, ...args: string[]): Promise<string> {
    const flags = command === "show" ? [] : ["-no-color", "-input=false"];
    const { PATH, HOME } = process.env;
    try {
      const { stdout } = await promisify(execFile)("terraform", [command, ...flags, ...args], {
        cwd: this.directory,
        env: {
          ...{ PATH, HOME, TF_CLI_CONFIG_FILE: join(this.directory, "cli.tfrc") },
          // S3 Control's client puts the account's id before the endpoint's host; no such name has an address.
          HTTP_PROXY: this.endpoint,
        },
        maxBuffer: 1 << 28,
      });
      return stdout;
    } catch (error) {
      throw new Error(`terraform ${command}: ${(error as { stderr: string }).stderr}`, {
        cause: error,
      });
    }
  }
}

/** Inputs that a subject has in this round or had in one before. */
const inputNames = ({ inputs, changes }: Subject, round: number): string[] => [
  ...new Set([inputs, ...changes.slice(0, round)].flatMap((some) => Object.keys(some))),
];

function planned(
  { actions, before, after, after_unknown, replace_paths }: PlannedChange,
  names: string[],
  { renamed }: Options,
): Planned {
  const of = (name: string) => argument(name, renamed);
  const differs = (name: string) =>
    JSON.stringify(before?.[of(name)]) !== JSON.stringify(after?.[of(name)]) ||
    after_unknown[of(name)] === true;
  const roots = new Set(replace_paths?.map(([root]) => root));
  const action = actions.length === 2 ? "replace" : actions[0] === "no-op" ? "none" : actions[0]!;
  return {
    action: action as Planned["action"],
    // What is made anew is "known after apply" as a whole.
    changed: action === "update" ? names.filter(differs).sort() : [],
    replacing: names.filter((name) => roots.has(of(name))).sort(),
  };
}
