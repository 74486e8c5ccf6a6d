/** Upgrading the machine's packages and the app's image, and how old both are: patch, and two rows of status. */
import { age } from "./format.ts";
import { RemoteMachine } from "./machine.ts";
import type { Commands } from "./status.ts";

/** How old the machine's packages are, and the image that serves, as scripts/status.sh prints it. */
export interface Updates {
  /** When the packages were upgraded. */
  readonly upgraded: string | null;
  /** How many have a newer version. */
  readonly pending: number;
  /** Whether a new kernel waits for a restart of the machine. */
  readonly reboot: boolean;
  /** When the newest layer of the image's base was made. */
  readonly base: string | null;
  /** Whether the tasks have yet to get the image that the app server serves. */
  readonly tasksBehind: boolean;
}

export function patch(stack: string | undefined): Promise<number> {
  return RemoteMachine.with(stack, async (machine) => {
    // Detached: an upgrade that loses its connection leaves packages half installed.
    const program = `export AGAIN="$ops patch$flags"; exec "$bin/run-detached.sh" patch deploy-lock.sh patch.sh`;
    return (await machine.change(program)).status;
  });
}

function packageLines(updates: Updates | null, { ops }: Commands, now: number): string[] {
  if (!updates) return ["unknown"];
  const { upgraded, pending, reboot } = updates;
  const when = upgraded ? `upgraded ${age(upgraded, now)} ago` : "no upgrade is known";
  const newer = pending > 0 ? `; ${pending} newer: ${ops("patch")}` : "; none is newer";
  const restart = [
    "A NEW KERNEL WAITS for a restart, which takes the page away for about a minute:",
    `  ${ops("ssh", "--", "sudo", "systemctl", "reboot")}`,
  ];
  return [when + newer, ...(reboot ? restart : [])];
}

function imageLines(updates: Updates | null, { pulumi }: Commands, now: number): string[] {
  const base = updates?.base ? `its base is ${age(updates.base, now)} old` : "unknown";
  const behind = `THE TASKS RUN THE ONE BEFORE; give them this one: ${pulumi("up")}`;
  return [base, ...(updates?.tasksBehind ? [behind] : [])];
}

/** The two rows of `./ops status`; none for a stack whose last release was before patches. */
export function updateRows(
  updates: Updates | null | undefined,
  commands: Commands,
  now: number,
): [label: string, ...lines: string[]][] {
  if (updates === undefined) return [];
  return [
    ["packages", ...packageLines(updates, commands, now)],
    ["image", ...imageLines(updates, commands, now)],
  ];
}
