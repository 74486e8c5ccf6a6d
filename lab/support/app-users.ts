/** People who use the app, by the forms of its pages. */
import { Browser } from "./browser.ts";
import type { LabStack } from "./stack.ts";

/** Where the app is. */
type Outputs = Pick<LabStack, "outputs">;

const password = "correct horse";

/** Registers a user and resolves to the name. */
export async function register(
  { outputs }: Outputs,
  username = `user${Date.now()}`,
): Promise<string> {
  const fields = { username, email: `${username}@example.com`, password, register: "" };
  await new Browser(outputs.appUrl!).submit("/register", fields);
  return username;
}

/**
 * Resolves to the browser that is logged in.
 *
 * @throws unless the user, who registered before, can log in
 */
export async function logIn({ outputs }: Outputs, username: string): Promise<Browser> {
  const fields = { username, password, login: "" };
  const browser = new Browser(outputs.appUrl!);
  const { status } = await browser.submit("/login", fields);
  if (status !== 302) throw new Error(`${username} cannot log in: status ${status}`);
  return browser;
}
