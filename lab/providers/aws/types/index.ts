/** Every resource type and function of the lab's provider, loaded by service with the first use of one. */
import type { Context } from "../context.ts";
import type { ResourceType } from "../resource.ts";
import type { Properties } from "../values.ts";

export type InvokedFunction = (context: Context, args: Properties) => Promise<Properties>;

type Modules = Promise<{ types: readonly ResourceType[] }[]>;

// Loading an AWS client takes longer than everything else that a provider does at its start.
const ec2 = (): Modules =>
  Promise.all([
    import("./vpc.ts"),
    import("./routes.ts"),
    import("./addresses.ts"),
    import("./security-groups.ts"),
    import("./instances.ts"),
    import("./endpoints.ts"),
  ]);
const services: Record<string, () => Modules> = {
  ec2,
  vpc: ec2,
  rds: () => Promise.all([import("./rds.ts")]),
  s3: () => Promise.all([import("./s3.ts")]),
  cloudwatch: () => Promise.all([import("./cloudwatch.ts"), import("./alarms.ts")]),
  iam: () => Promise.all([import("./iam.ts")]),
  route53: () => Promise.all([import("./route53.ts"), import("./health-checks.ts")]),
  sns: () => Promise.all([import("./sns.ts")]),
  lb: () => Promise.all([import("./lb.ts"), import("./lb-target-group.ts")]),
  appautoscaling: () => Promise.all([import("./appautoscaling.ts")]),
  acm: () => Promise.all([import("./acm.ts")]),
  ecr: () => Promise.all([import("./ecr.ts")]),
  ecs: () => Promise.all([import("./ecs.ts"), import("./ecs-service.ts")]),
};

/** The description of a type by its token. Throws when there is none. */
export async function findType(token: string): Promise<ResourceType> {
  const modules = await services[/^aws:(\w+)\//.exec(token)?.[1] ?? ""]?.();
  const type = modules?.flatMap(({ types }) => types).find((one) => one.token === token);
  return type ?? missing("type", token);
}

/** The function of a token. Throws when there is none. */
export async function findFunction(token: string): Promise<InvokedFunction> {
  const { functions } = await import("./functions.ts");
  return functions[token] ?? missing("function", token);
}

/** The arguments, of which none may be one that the lab's provider would ignore. */
export function known<T>(args: Properties, ...names: (keyof T & string)[]): T {
  const other = Object.keys(args).find((name) => !(names as string[]).includes(name));
  if (other === undefined) return args as T;
  throw new Error(`the lab's aws provider does not know the argument '${other}'`);
}

function missing(what: string, token: string): never {
  const remedy = "leave it out, or add it in lab/providers/aws/types";
  throw new Error(`the lab's aws provider has no ${what} '${token}': ${remedy}`);
}
