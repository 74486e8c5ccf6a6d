import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { ScheduledCommand } from "./app-schedule.ts";
import { adviceFor, inputOf } from "./fields.ts";
import { isEncrypted, keyProblems, type Kind } from "./keys.ts";
import { errorOf, fullKey, refused, type Problem } from "./problem.ts";
import { ruleProblems } from "./rules.ts";
import { awsSchema, schema, secretSchema } from "./schema.ts";

type SecretTexts = Record<
  Exclude<keyof z.output<typeof secretSchema>, "appSecrets">,
  pulumi.Output<string> | undefined
>;
/** Variables of the app's own, by name. */
type Variables = Readonly<Record<string, string>>;

/** The stack's config, checked. Every key is described, with its default, in Pulumi.yaml. */
export interface Settings
  extends
    Readonly<Omit<z.output<typeof schema>, "confirmDestroy" | "appEnvironment" | "appSchedule">>,
    Readonly<SecretTexts> {
  readonly appEnvironment: Variables;
  readonly appSchedule: readonly ScheduledCommand[];
  readonly appSecrets: pulumi.Output<Variables>;
  readonly region: string;
  /** Whether the stack's name was given, which lifts the protection of its data. */
  readonly confirmDestroy: boolean;
}

const kindOf = (field: z.ZodType, secret = false): Kind => {
  if (inputOf(field) instanceof z.ZodRecord) return secret ? "secrets" : "variables";
  if (secret) return "secret";
  return field instanceof z.ZodArray ? "list" : "value";
};

/** Every setting of the project's own namespace; any other key there is refused. */
const kinds: Readonly<Record<string, Kind>> = {
  ...Object.fromEntries(Object.entries(schema.shape).map(([key, field]) => [key, kindOf(field)])),
  ...Object.fromEntries(
    Object.entries(secretSchema.shape).map(([key, field]) => [key, kindOf(field, true)]),
  ),
};

/**
 * Reads and checks the config of the current stack.
 *
 * @throws pulumi.RunError that lists every problem with its key, value, limit and remedy.
 */
export function readSettings(): Settings {
  const config = new pulumi.Config();
  const { values, problems: ownProblems } = readFields(schema);
  const region = new pulumi.Config("aws").require("region");
  const secret = (key: string) =>
    config.get(key) || isEncrypted(fullKey(key)) ? config.requireSecret(key) : undefined;
  const publishToken = secret("publishToken");
  const stack = pulumi.getStack();
  const { values: secrets, problems: secretProblems } = readFields(secretSchema);
  const context = {
    project: pulumi.getProject(),
    stack,
    region,
    hasPublishToken: publishToken !== undefined,
    appSecrets: secrets.appSecrets,
  };
  const problems = [
    ...keyProblems(kinds),
    ...ownProblems,
    ...secretProblems,
    ...readFields(awsSchema, "aws:").problems,
    ...ruleProblems(values, context),
  ];
  if (problems.length > 0) throw errorOf(problems);
  return {
    ...(values as z.output<typeof schema>),
    region,
    databasePassword: secret("databasePassword"),
    appRepositoryCredential: secret("appRepositoryCredential"),
    publishToken,
    // The rules have refused what is not text.
    appEnvironment: values.appEnvironment as Variables,
    appSchedule: values.appSchedule as unknown as readonly ScheduledCommand[],
    appSecrets: pulumi.secret(secrets.appSecrets as Variables),
    confirmDestroy: values.confirmDestroy === stack,
  };
}

/** The values of the fields that are right, and what is wrong with the others. */
function readFields<S extends z.ZodObject>(fields: S, namespace: "" | "aws:" = "") {
  const config = new pulumi.Config(namespace ? namespace.slice(0, -1) : undefined);
  const values: Record<string, unknown> = {};
  const problems: Problem[] = [];
  for (const [key, field] of Object.entries<z.ZodType>(fields.shape)) {
    const input = read(config, key, field);
    // Lists of account ids have no default.
    if (input === undefined) continue;
    const { success, data, error } = field.safeParse(input, { reportInput: true });
    if (success) values[key] = data;
    else problems.push(...problemsOf(namespace + key, field, error));
  }
  return { values: values as Partial<z.output<S>>, problems };
}

/** The value of a setting as its schema reads it; undefined where a list of Pulumi's own is not set. */
function read(config: pulumi.Config, key: string, field: z.ZodType): unknown {
  const input = inputOf(field);
  if (input instanceof z.ZodString || input instanceof z.ZodEnum) return config.require(key);
  return config.name === "aws" ? config.getObject(key) : config.requireObject(key);
}

/** One problem for each value, the first that was found. */
function problemsOf(key: string, field: z.ZodType, { issues }: z.ZodError): Problem[] {
  const first = new Map(issues.toReversed().map((issue) => [issue.path.join(), issue]));
  return [...first.values()].toReversed().map((issue) => {
    const { value, what, limit, remedy } = adviceFor(field, issue);
    return what
      ? { what: `${fullKey(key)} ${what}`, limit, remedy }
      : refused(key, value, limit, remedy);
  });
}
