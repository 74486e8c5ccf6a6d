import type { Lab } from "../../../lab/support/lab.ts";

/** What the steps of first light share: one stack in one lab. */
export interface StackFixture {
  readonly lab: Lab;
  /** Names of all resources begin with it. */
  readonly prefix: string;
  readonly outputs: () => Record<string, string>;
  /** Run a command line on a machine, by the stack's own output; they reject if it fails. */
  readonly onAppServer: (command: string) => Promise<string>;
  readonly onTestServer: (command: string) => Promise<string>;
}
