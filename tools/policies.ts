/**
 * Prints the commands that make a role's IAM policies for one stack, from the files of policies/.
 * usage: npm run --silent policies -- ROLE STACK [--zone ID --domain NAME] [--state-bucket NAME [--state-key ARN]]
 * Append `| sh` to run them.
 */
import { load } from "js-yaml";
import { readFileSync, realpathSync } from "node:fs";
import { parseArgs } from "node:util";
import { balancerName } from "../compute/tasks/names.ts";
import { quote } from "../deployer/shell.ts";

const root = new URL("../", import.meta.url);

/** Who gets which of the files. */
export const roles = {
  up: [
    "preview",
    "up-network",
    "up-services",
    "up-tasks",
    "up-domain",
    "state-read",
    "state-write",
  ],
  preview: ["preview", "state-read"],
  operate: ["operate", "preview", "state-read"],
  outputs: ["state-read"],
  boundary: ["boundary"],
} as const;
export type RoleName = keyof typeof roles;
export type FileName = (typeof roles)[RoleName][number];

/** Characters of a managed policy, without white space. IAM user guide, "IAM and AWS STS quotas". */
export const longest = 6144;

/** What the placeholders stand for. */
export interface Places {
  readonly project: string;
  readonly stack: string;
  /** Of the domain in Route 53; without both, `up-domain` is left out. */
  readonly zone?: string | undefined;
  readonly domain?: string | undefined;
  /** The bucket of Pulumi's state; without it, the files of the state are left out. */
  readonly stateBucket?: string | undefined;
  /** ARN of the KMS key of its secrets; without it, they have a passphrase. */
  readonly stateKey?: string | undefined;
}

export interface Statement {
  readonly Sid: string;
  readonly Effect: "Allow";
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, unknown>>;
}

export interface Policy {
  readonly Version: "2012-10-17";
  readonly Statement: readonly Statement[];
}

/** The policy of a file, for one stack; undefined where the stack has nothing that it is for. */
export function policyOf(file: FileName, places: Places): Policy | undefined {
  const { project, stack, zone, domain, stateBucket, stateKey } = places;
  if (file === "up-domain" && !(zone && domain)) return undefined;
  if (file.startsWith("state-") && !stateBucket) return undefined;
  // A load balancer's name is too short for the end of a long stack's name.
  const balancer = balancerName(`${project}-${stack}-tasks`).replace(/-[0-9a-f]+$/, "");
  const values: Readonly<Record<string, string>> = {
    ...{ PROJECT: project, STACK: stack, BALANCER: balancer },
    ...{ ZONE: zone ?? "", DOMAIN: domain ?? "", STATE_BUCKET: stateBucket ?? "" },
    STATE_KEY: stateKey ?? "",
  };
  const text = readFileSync(new URL(`policies/${file}.json`, root), "utf8");
  const filled = text.replace(
    /\b(PROJECT|STACK|BALANCER|ZONE|DOMAIN|STATE_BUCKET|STATE_KEY)\b/g,
    (name) => values[name]!,
  );
  const policy = JSON.parse(filled) as Policy;
  return { ...policy, Statement: policy.Statement.filter(({ Resource }) => Resource !== "") };
}

/** The policies of a role, by the names of their files. */
export function policiesOf(role: RoleName, places: Places): Map<FileName, Policy> {
  const found = roles[role].map((file) => [file, policyOf(file, places)] as const);
  return new Map(found.filter((each): each is [FileName, Policy] => each[1] !== undefined));
}

/** The commands of the AWS CLI; one policy may be another role's, too, so a second run leaves what is there. */
export function commandsOf(role: RoleName, places: Places): string[] {
  return [...policiesOf(role, places)].map(([file, policy]) => {
    const name = `${places.project}-${places.stack}-${file}`;
    const document = quote(JSON.stringify(policy));
    return `aws iam create-policy --policy-name ${name} --policy-document ${document}`;
  });
}

function main(): void {
  const options = { zone: { type: "string" }, domain: { type: "string" } } as const;
  const ofState = { "state-bucket": { type: "string" }, "state-key": { type: "string" } } as const;
  const { positionals, values } = parseArgs({
    options: { ...options, ...ofState },
    allowPositionals: true,
  });
  const [role = "", stack] = positionals;
  if (!Object.hasOwn(roles, role) || !stack) {
    console.error(
      `error: a role and a stack are needed; roles are ${Object.keys(roles).join(", ")}\n` +
        "remedy: npm run --silent policies -- up dev",
    );
    process.exitCode = 1;
    return;
  }
  const { name } = load(readFileSync(new URL("Pulumi.yaml", root), "utf8")) as { name: string };
  const { zone, domain, "state-bucket": stateBucket, "state-key": stateKey } = values;
  const places = { project: name, stack, zone, domain, stateBucket, stateKey };
  console.log(commandsOf(role as RoleName, places).join("\n"));
}

if (import.meta.filename === realpathSync(process.argv[1]!)) main();
