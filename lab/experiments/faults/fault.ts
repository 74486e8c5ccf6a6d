/** A row of the fault table, and how it is verified. */
import { run, succeed, type Result } from "../../support/lab.ts";
import { tail, type SettingValues, type LabStack } from "../../support/stack.ts";

/** Returns the stack to a version that works, after the cause of the fault is gone. */
export type Converge = () => Promise<unknown>;

export interface Fault {
  readonly name: string;
  /** The page may be gone meanwhile, because its one machine or its address breaks. */
  readonly allowsDowntime?: true;
  /** Brings the stack to where the fault can be injected. */
  prepare?(stack: LabStack): Promise<unknown>;
  /**
   * Injects the fault, checks the message, and removes the cause. Resolves to the way to converge, if that is not a release
   * of a new version.
   *
   * @throws if anything unexpected happens
   */
  inject(stack: LabStack): Promise<Converge | void>;
}

/** On the login page of every version that must never be served. */
export const broken = "broken version";

/** Runs `up`, which must fail and print something for each pattern. Resolves to what it printed. */
export async function refused(
  stack: LabStack,
  settings: SettingValues,
  ...patterns: RegExp[]
): Promise<string> {
  return failed("up", await stack.up(settings), ...patterns);
}

/** What a command printed. @throws unless it failed and printed something for each pattern */
export function failed(command: string, result: Result, ...patterns: RegExp[]): string {
  if (result.status === 0) throw new Error(`${command} succeeded:\n${tail(result)}`);
  const text = result.stdout + result.stderr;
  const missing = patterns.filter((pattern) => !pattern.test(text));
  if (missing.length === 0) return text;
  throw new Error(`${command} did not say ${missing.join(", ")}:\n${tail(result)}`);
}

/**
 * Injects the fault and verifies what follows: the message, the page meanwhile, the rows, the next release.
 *
 * @throws if one of these is wrong
 */
export async function verify(fault: Fault, stack: LabStack): Promise<void> {
  await fault.prepare?.(stack);
  const before = await users(stack);
  const page = watch(stack.page);
  let converge: Converge | void;
  try {
    converge = await fault.inject(stack);
  } finally {
    await page.stop();
  }
  if (!fault.allowsDowntime && page.problems.size > 0) {
    throw new Error(`the page meanwhile: ${[...page.problems].join(", ")}`);
  }
  await (converge ? converge() : stack.release());
  const after = new Set(await users(stack));
  const lost = before.filter((row) => !after.has(row));
  if (before.length === 0 || lost.length > 0) {
    throw new Error(`of ${before.length} rows of users lost: ${lost.join("; ")}`);
  }
}

function users(stack: LabStack): Promise<string[]> {
  return stack.query("SELECT CONCAT_WS(' ', id, username, email, HEX(password)) FROM users");
}

/** Asks for the page four times a second until it is stopped. */
function watch(url: string): { readonly problems: Set<string>; stop(): Promise<void> } {
  const problems = new Set<string>();
  const pending = new Set<Promise<void>>();
  const ask = async () => {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
      if (response.status !== 200) problems.add(`status ${response.status}`);
      else if ((await response.text()).includes(broken)) problems.add(`the ${broken} is served`);
    } catch (error) {
      const { cause, message } = error as Error;
      problems.add(cause instanceof Error ? cause.message : message);
    }
  };
  const timer = setInterval(() => {
    const asked = ask().finally(() => pending.delete(asked));
    pending.add(asked);
  }, 250);
  return {
    problems,
    async stop() {
      clearInterval(timer);
      await Promise.all(pending);
    },
  };
}

/** Asks every 50 ms until it is so. */
export async function until(
  what: string,
  seconds: number,
  probe: () => Promise<boolean>,
): Promise<void> {
  for (const end = Date.now() + seconds * 1000; !(await probe());) {
    if (Date.now() > end) throw new Error(`waited ${seconds} s for this: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Unlocks the stack after a killed run, and has the state forget what that run had begun. */
export async function unlock({ lab }: LabStack): Promise<void> {
  await lab.pulumi("cancel", "--yes");
  await succeed("lab/adopt", [], { env: { LAB_NAME: lab.name } });
}

/** Used for faults that recover without a release. @throws unless the page is served */
export async function serves({ page }: LabStack): Promise<void> {
  const { ok, status } = await fetch(page, { signal: AbortSignal.timeout(10_000) });
  if (!ok) throw new Error(`the page answers with status ${status}`);
}

/** As {@link serves}, and resolves to whether the page is served. */
export const isServed = (stack: LabStack): Promise<boolean> =>
  serves(stack).then(
    () => true,
    () => false,
  );

/** What the group of a pattern stands for in a message. @throws if the message does not match */
export function part(message: string, pattern: RegExp): string {
  const found = pattern.exec(message)?.[1];
  if (found === undefined) throw new Error(`no ${pattern} in:\n${message}`);
  return found.trim();
}

/** Runs a command line of a message in the lab, with yes for an answer. @throws unless it succeeds */
export async function follow(stack: LabStack, line: string): Promise<Result> {
  const result = await tryToFollow(stack, line);
  if (result.status === 0) return result;
  throw new Error(`${line} ended with ${result.status}:\n${result.stdout}\n${result.stderr}`);
}

/** As {@link follow}, whether it succeeds or not. */
export function tryToFollow({ lab }: LabStack, line: string): Promise<Result> {
  // As docs/operations.md says: lab/ops for ./ops, lab/pulumi for pulumi.
  const inLab = line.replace(/(?<![\w./-])(?:\.\/)?(ops|pulumi)(?= )/g, "lab/$1");
  const env = { LAB_NAME: lab.name, PULUMI_OPTION_YES: "true", PULUMI_OPTION_SKIP_PREVIEW: "true" };
  return run("bash", ["-ec", inLab], { env });
}

/** Runs a restore of a message, and what it names as the command that does not ask. */
export async function restore(stack: LabStack, line: string): Promise<Result> {
  const asked = failed(line, await tryToFollow(stack, line), /error: restore asks before/);
  return follow(stack, part(asked, /remedy: run: (.*)/));
}
