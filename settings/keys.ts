import * as pulumi from "@pulumi/pulumi";
import { distance } from "fastest-levenshtein";
import { configCommand, type Problem } from "./problem.ts";

/** How the CLI sets a setting: by its value, encrypted, element by element, or variable by variable, encrypted or not. */
export type Kind = "value" | "secret" | "list" | "variables" | "secrets";

/** Names that settings had before, and their names now. */
const renamed: Readonly<Record<string, string>> = {
  tearDown: "confirmDestroy",
  nginxImage: "proxyImage",
};
/** Pulumi's own settings for AWS that count here. */
const awsKeys: Readonly<Record<string, string>> = {
  region: "aws:region",
  profile: "aws:profile",
};

/** Whether the value of a key, `NAMESPACE:NAME`, was set with --secret. */
export function isEncrypted(key: string): boolean {
  // The SDK has this function, and the engine tells it the keys, but its types leave it out.
  const runtime = pulumi.runtime as unknown as { isConfigSecret(key: string): boolean };
  return runtime.isConfigSecret(key);
}

/**
 * What is wrong with the keys of the project's own namespace: unknown and old names, secrets that are not encrypted,
 * and secrets without a value. Keys of other namespaces, as aws:region, belong to others.
 *
 * @param kinds every setting of the project, by name
 */
export function keyProblems(kinds: Readonly<Record<string, Kind>>): Problem[] {
  const namespace = `${pulumi.getProject()}:`;
  return Object.entries(pulumi.runtime.allConfig())
    .filter(([key]) => key.startsWith(namespace))
    .flatMap(([key, value]) => {
      const name = key.slice(namespace.length);
      if (!Object.hasOwn(kinds, name)) return [unknownKey(key, name, kinds)];
      if (kinds[name] === "secrets") return plainSecretsProblems(key, name, value);
      return kinds[name] === "secret" ? secretProblems(key, name, value) : [];
    });
}

function unknownKey(key: string, name: string, kinds: Readonly<Record<string, Kind>>): Problem {
  const what = `${key} is not a setting`;
  const remove = configCommand(`rm ${quoted(name)}`);
  const replace = (by: string) => `${remove}\n${configCommand(by)}`;

  const list = /^(\w+)\[\d+\]$/.exec(name)?.[1] ?? "";
  if (kinds[list] === "list") {
    const limit = `it is an element of the list ${list}, which is set with --path`;
    return { what, limit, remedy: replace(`set --path ${quoted(name)} VALUE`) };
  }
  const [, setting = "", variable] = /^(\w+)\.(\w+)$/.exec(name) ?? [];
  const kind = kinds[setting];
  if (kind === "variables" || kind === "secrets") {
    const limit = `it is a variable of ${setting}, which is set with --path`;
    return { what, limit, remedy: replace(setArguments(setting, kind, variable)) };
  }
  const candidates = { ...sameNames(Object.keys(kinds)), ...awsKeys, ...renamed };
  const near = nearest(name, Object.keys(candidates));
  if (near === undefined)
    return { what, limit: "Pulumi.yaml lists the settings of this project", remedy: remove };
  const meant = candidates[near]!;
  const remedy = replace(setArguments(meant, kinds[meant]));
  return Object.hasOwn(renamed, name)
    ? { what: `${what} any more`, limit: `its name is ${meant} now`, remedy }
    : { what, limit: `did you mean ${meant}?`, remedy };
}

function secretProblems(key: string, name: string, value: string): Problem[] {
  const encrypted = isEncrypted(key);
  const remedy = configCommand(setArguments(name, "secret"));
  if (value.trim() === "" && (encrypted || value !== "")) {
    const without = `or, to have none: ${configCommand(`rm ${name}`)}`;
    const limit = "a secret that is set must have a value";
    return [{ what: `${key} is empty`, limit, remedy: `${remedy}\n${without}` }];
  }
  if (value === "" || encrypted) return [];
  const limit = "must be encrypted: it can be read in the stack's settings file";
  const shared = "with a new value, if others have had that file";
  return [{ what: `${key} is in plain text`, limit, remedy: `${remedy}\n${shared}` }];
}

/** Pulumi says of the whole setting only whether it holds a secret. */
function plainSecretsProblems(key: string, name: string, value: string): Problem[] {
  if (isEncrypted(key)) return [];
  const names = Object.keys((JSON.parse(value) ?? {}) as object);
  if (names.length === 0) return [];
  const set = names.map((variable) =>
    configCommand(`set --path --secret ${quoted(`${name}.${variable}`)}`),
  );
  return [
    {
      what: `${key} holds no secret`,
      limit: "must be encrypted: its values can be read in the stack's settings file",
      remedy: [...set, "with new values, if others have had that file"].join("\n"),
    },
  ];
}

function setArguments(name: string, kind: Kind = "value", variable = "NAME"): string {
  if (kind === "secret") return `set --secret ${name}`;
  if (kind === "secrets") return `set --path --secret ${name}.${variable}`;
  if (kind === "variables") return `set --path ${name}.${variable} VALUE`;
  return kind === "list" ? `set --path '${name}[0]' VALUE` : `set ${name} VALUE`;
}

/** The candidate that differs least, if a third of its letters at most differ; case and separators do not count. */
function nearest(name: string, candidates: readonly string[]): string | undefined {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  const [best] = candidates
    .map((candidate) => ({ candidate, edits: distance(plain(name), plain(candidate)) }))
    .filter(({ candidate, edits }) => edits <= candidate.length / 3)
    .toSorted((a, b) => a.edits - b.edits);
  return best?.candidate;
}

function sameNames(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, name]));
}

/** As one word of a shell's command line. */
function quoted(word: string): string {
  return /^[\w.-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
