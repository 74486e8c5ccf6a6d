import type { Failure } from "../kit/handlers.ts";
import { isKind, isProperties, reveal, secret, type Properties, type Value } from "./values.ts";

const command = "create update delete triggers stdin logging environment addPreviousOutputInEnv";
const endpoint =
  "host port user password privateKey privateKeyPassword agentSocketPath dialErrorLimit perDialTimeout hostKey";
const defaults = { user: "root", port: 22, dialErrorLimit: 10, perDialTimeout: 15 };

/** The inputs of 1.2.1 by type, less the globs over local files, which the program does not use. */
const known: Record<string, string> = {
  "command:local:Command": `${command} interpreter dir`,
  "command:remote:Command": `${command} connection`,
  "command:remote:CopyToRemote": "connection triggers source remotePath",
};

function environmentOfRemote(inputs: Properties): Failure[] {
  const reason =
    "the lab's provider sets no variables through SSH; put NAME=value before the command";
  const previous = "addPreviousOutputInEnv";
  return [
    ...("environment" in inputs ? [{ property: "environment", reason }] : []),
    ...(reveal(inputs[previous] ?? null) === false
      ? []
      : [{ property: previous, reason: `must be false: ${reason}` }]),
  ];
}

/**
 * The inputs as the state keeps them: nulls gone, the connection's defaults filled in and the whole
 * connection made a secret. All problems are reported together;
 * no reason repeats a value, which may be a secret.
 */
export function check(
  type: string,
  given: Properties,
): { inputs: Properties; failures: Failure[] } {
  const inputs = withoutNulls(given);
  if (!known[type]) {
    const reason = `the lab's command provider has no ${type}; install the real plugin: pulumi plugin install resource command 1.2.1`;
    return { inputs, failures: [{ property: "", reason }] };
  }
  const failures = misfits(inputs, known[type], "");
  if (type === "command:remote:Command") failures.push(...environmentOfRemote(inputs));
  if ("connection" in inputs) {
    const connection = checkEndpoint(inputs["connection"], "connection", failures);
    inputs["connection"] = secret(connection);
  } else if (known[type].includes("connection")) {
    failures.push({ property: "connection", reason: "is required" });
  }
  const source = reveal(inputs["source"] ?? null);
  const text = isKind(source, "asset") && !("uri" in source);
  if ("source" in inputs && !text && !(isKind(source, "archive") && "path" in source)) {
    // Like 1.2.1, which therefore fails in the preview of a source that is an output of something new.
    const reason = "must be a FileAsset, a StringAsset or a FileArchive, known when previewed";
    failures.push({ property: "source", reason });
  }
  return { inputs, failures };
}

function checkEndpoint(given: Value, path: string, failures: Failure[]): Value {
  const plain = reveal(given);
  if (!isProperties(plain)) return plain;
  const inputs = withoutNulls(plain);
  // One hop: a proxy has none of its own.
  const names = path === "connection" ? `${endpoint} proxy` : endpoint;
  failures.push(...misfits(inputs, names, `${path}.`));
  if (!("host" in inputs)) failures.push({ property: `${path}.host`, reason: "is required" });
  if ("proxy" in inputs)
    inputs["proxy"] = checkEndpoint(inputs["proxy"], `${path}.proxy`, failures);
  return { ...defaults, ...inputs };
}

function misfits(given: Properties, names: string, prefix: string): Failure[] {
  return Object.keys(given)
    .filter((name) => !names.split(" ").includes(name))
    .map((name) => ({ property: prefix + name, reason: `is not one of: ${names}` }));
}

function withoutNulls(given: Properties): Properties {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));
}
