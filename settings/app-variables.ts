/** The settings appEnvironment and appSecrets: the app's own variables, by name. */
import { z } from "zod";
import { configCommand, fullKey, refused, type Problem } from "./problem.ts";

/**
 * The variables, with the text of whole numbers and of true and false, which Pulumi's CLI reads without being asked. Other
 * values may not be what was typed, and stay as they are until they are refused.
 */
export const appVariables = z
  .record(z.string(), z.unknown())
  .transform((variables) =>
    Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, asText(value)])),
  );

export type AppVariables = z.output<typeof appVariables>;

type Setting = "appEnvironment" | "appSecrets";

/** Bytes of all names and values together, with = and a NUL for each: less than a process can be given on any Linux. */
const most = 64 * 1024;

const databaseNames =
  /^(DB_(ENGINE|HOST|PORT|NAME|USERNAME|PASS)|DATABASE_URL|SQLALCHEMY_DATABASE_URI)$/;

/** Variables that the deployer alone sets: why, and the command for what a user may want. */
const owned: readonly (readonly [RegExp, limit: string, args?: string])[] = [
  [/^FLASK_APP$/, "the deployer sets it to the setting appModule", "set appModule MODULE:NAME"],
  [
    /^PORT$/,
    "the app listens on port 5005, or on that of the setting appPort, where the proxy asks it",
  ],
  [/^GUNICORN_CMD_ARGS$/, "the deployer sets it to the options of gunicorn that the proxy needs"],
  [/^FORWARDED_ALLOW_IPS$/, "the deployer sets it, because the proxy alone can connect to the app"],
  [/^PATH$/, "the image sets it, so that gunicorn and Python are found"],
  [/^FLASK_ON_AWS_/, "names that begin with FLASK_ON_AWS_ are the deployer's"],
];

/** What is wrong with the app's own variables. No text has the value of a secret. */
export function appVariableProblems({
  appEnvironment = {},
  appSecrets = {},
  appDatabase = true,
  appRedis = false,
}: {
  readonly appEnvironment?: AppVariables | undefined;
  readonly appSecrets?: AppVariables | undefined;
  readonly appDatabase?: boolean | undefined;
  readonly appRedis?: boolean | undefined;
}): Problem[] {
  const both = Object.keys(appEnvironment).filter((name) => Object.hasOwn(appSecrets, name));
  const services = { appDatabase, appRedis };
  return [
    ...problemsOf("appEnvironment", appEnvironment, services),
    ...problemsOf("appSecrets", appSecrets, services),
    ...both.map((name) => ({
      what: `${fullKey("appEnvironment")} and appSecrets both have ${name}`,
      limit: "a variable has one value",
      remedy: removeCommand("appEnvironment", name),
    })),
    ...sizeProblems(appEnvironment, appSecrets),
  ];
}

/** What the deployer gives to the app. */
type Services = Readonly<Record<"appDatabase" | "appRedis", boolean>>;

function problemsOf(setting: Setting, variables: AppVariables, services: Services): Problem[] {
  return Object.entries(variables).flatMap(
    ([name, value]) =>
      nameProblem(setting, name, services) ?? valueProblem(setting, name, value) ?? [],
  );
}

function nameProblem(setting: Setting, name: string, services: Services): Problem | undefined {
  const what = `${fullKey(setting)} has ${shortened(JSON.stringify(name))}`;
  if (!/^[A-Za-z_]\w*$/.test(name)) {
    const limit = "must be a name of letters, digits and _, and begin with no digit";
    return {
      what,
      limit,
      remedy: `${removeCommand(setting, name)}\n${setCommand(setting, "NAME")}`,
    };
  }
  if (services.appDatabase && databaseNames.test(name)) {
    const limit = "the deployer sets it to the stack's database";
    const own = configCommand("set appDatabase false");
    const remedy = `${removeCommand(setting, name)}\nor, for a database of the app's own: ${own}`;
    return { what, limit, remedy };
  }
  if (services.appRedis && name === "REDIS_URL") {
    const limit = "the deployer sets it to the Redis of the setting appRedis";
    const own = configCommand("set appRedis false");
    const remedy = `${removeCommand(setting, name)}\nor, for a Redis of the app's own: ${own}`;
    return { what, limit, remedy };
  }
  if (setting === "appEnvironment" && name === "SECRET_KEY") {
    const limit = "whoever reads it can make sessions of any user: it is a secret";
    return {
      what,
      limit,
      remedy: `${removeCommand(setting, name)}\n${setCommand("appSecrets", name)}`,
    };
  }
  const [, limit, instead] = owned.find(([pattern]) => pattern.test(name)) ?? [];
  if (limit === undefined) return undefined;
  const more = instead ? `\n${configCommand(instead)}` : "";
  return { what, limit, remedy: `${removeCommand(setting, name)}${more}` };
}

function valueProblem(setting: Setting, name: string, value: unknown): Problem | undefined {
  const key = `${setting}.${name}`;
  const again = setCommand(setting, name);
  if (typeof value !== "string") {
    const limit = "must be text. Pulumi reads it as something else, and may have changed it";
    return setting === "appSecrets"
      ? { what: `${fullKey(key)} is no text`, limit, remedy: again }
      : refused(key, value, limit, again);
  }
  if (value.includes("\0")) {
    const limit = "no variable of a process can hold that character";
    return { what: `${fullKey(key)} holds a NUL`, limit, remedy: again };
  }
  if (setting === "appSecrets" && value.trim() === "") {
    const limit = "a secret that is set must have a value";
    return {
      what: `${fullKey(key)} is empty`,
      limit,
      remedy: `${again}\nor, to have none: ${removeCommand(setting, name)}`,
    };
  }
  return undefined;
}

function sizeProblems(...settings: readonly AppVariables[]): Problem[] {
  const entries = settings.flatMap((variables) => Object.entries(variables));
  const sizes = entries.map(([name, value]) => ({
    name,
    bytes: Buffer.byteLength(`${name}=${String(value)}\0`),
  }));
  const sum = sizes.reduce((all, { bytes }) => all + bytes, 0);
  if (sum <= most) return [];
  const [largest] = sizes.toSorted((a, b) => b.bytes - a.bytes);
  return [
    {
      what: `${fullKey("appEnvironment")} and appSecrets together have ${sum} bytes`,
      limit: `must be ${most} bytes at most; ${shortened(largest!.name)} alone has ${largest!.bytes}`,
      remedy: "use a file of the repository or the database for what is large",
    },
  ];
}

function asText(value: unknown): unknown {
  return typeof value === "boolean" || Number.isSafeInteger(value) ? String(value) : value;
}

const shortened = (text: string) => (text.length > 60 ? `${text.slice(0, 60)}…` : text);

/** The command that sets a variable. Pulumi asks for a secret's value, which so comes into no shell's history. */
const setCommand = (setting: Setting, name: string) =>
  configCommand(
    setting === "appSecrets"
      ? `set --path --secret appSecrets.${name}`
      : `set --path --type string appEnvironment.${name} VALUE`,
  );

function removeCommand(setting: Setting, name: string): string {
  if (/^\w+$/.test(name)) return configCommand(`rm --path ${setting}.${name}`);
  const path = `${setting}[${JSON.stringify(name)}]`;
  return configCommand(`rm --path '${path.replaceAll("'", `'\\''`)}'`);
}
