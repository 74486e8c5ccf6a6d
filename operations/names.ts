/** What the programs are called here: `lab/ops` and `lab/pulumi` set OPS_DIRECTORY, which is private to them. */
import { join } from "node:path";
import { quote } from "../deployer/shell.ts";

export const root = join(import.meta.dirname, "..");

const directory = process.env.OPS_DIRECTORY;

/** As a user types it in the repository. */
export const ops = directory ? `${directory}/ops` : "./ops";
/** As a user types it in the repository. */
export const pulumi = directory ? `${directory}/pulumi` : "pulumi";
/** The Pulumi CLI that knows the stacks. */
export const pulumiProgram = directory ? join(root, directory, "pulumi") : "pulumi";

/** What scripts/patch.sh adds to the name of an image. */
export const patchSuffix = /-p\d+$/;

/** A command as a user types it, words quoted where a shell needs it. */
export function typed(...words: readonly string[]): string {
  return words.map((word) => (/^[\w.,/:@=+~-]+$/.test(word) ? word : quote(word))).join(" ");
}

/**
 * Patterns of URNs, as `--replace` takes them. A new host key means a new machine; were it not new, the release would
 * still find the old machine at the address.
 */
export const hostKeys = { app: "**-app-machine-host-key", test: "**-test-host-key" } as const;
