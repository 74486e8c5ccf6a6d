/** What a row of the table of faults is, and how it is judged. */
import { Browser } from "../browser.ts";
import { tail, type Settings, type Stack } from "../stack.ts";

/** Brings the stack to a version that works again, after the fault's cause is gone. */
export type Converge = () => Promise<unknown>;

export interface Fault {
  readonly name: string;
  /** The page may be away meanwhile: its one machine or its address is what breaks. */
  readonly away?: true;
  /**
   * Makes the fault happen, checks what is said about it, and removes its cause. Resolves to what is to converge, if
   * that is not a release of a new version.
   *
   * @throws if something else happens than should
   */
  provoke(stack: Stack): Promise<Converge | void>;
}

/** On the login page of every version that must never be served. */
export const broken = "broken version";

/** Runs `up`, which must fail and print something for each pattern. */
export async function refused(
  stack: Stack,
  settings: Settings,
  ...patterns: RegExp[]
): Promise<void> {
  const result = await stack.up(settings);
  if (result.status === 0) throw new Error(`up succeeded:\n${tail(result)}`);
  const text = result.stdout + result.stderr;
  const missing = patterns.filter((pattern) => !pattern.test(text));
  if (missing.length > 0) throw new Error(`up did not say ${missing.join(", ")}:\n${tail(result)}`);
}

/** Provokes the fault and throws unless all holds: the message, the page meanwhile, the rows, the next release. */
export async function hold(fault: Fault, stack: Stack): Promise<void> {
  const before = await users(stack);
  const page = watch(stack.page);
  let converge: Converge | void;
  try {
    converge = await fault.provoke(stack);
  } finally {
    await page.stop();
  }
  if (!fault.away && page.problems.size > 0) {
    throw new Error(`the page meanwhile: ${[...page.problems].join(", ")}`);
  }
  await (converge ? converge() : stack.release());
  const after = new Set(await users(stack));
  const lost = before.filter((row) => !after.has(row));
  if (before.length === 0 || lost.length > 0) {
    throw new Error(`of ${before.length} rows of users lost: ${lost.join("; ")}`);
  }
}

/** Registers a user and resolves to the name. */
export async function register(stack: Stack): Promise<string> {
  const username = `user${Date.now()}`;
  const fields = { username, email: `${username}@example.com`, password, register: "" };
  await new Browser(stack.outputs.appUrl!).submit("/register", fields);
  return username;
}
const password = "correct horse";

/** @throws unless the user, who registered before, can log in */
export async function logIn(stack: Stack, username: string): Promise<void> {
  const fields = { username, password, login: "" };
  const { status } = await new Browser(stack.outputs.appUrl!).submit("/login", fields);
  if (status !== 302) throw new Error(`${username} cannot log in: status ${status}`);
}

function users(stack: Stack): Promise<string[]> {
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
