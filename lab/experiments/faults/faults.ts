/** The table of faults; docs/reliability.md says what each shows. */
import { accessFaults } from "./access.ts";
import { appFaults } from "./app.ts";
import { databaseFaults } from "./database.ts";
import { engineFaults } from "./engine.ts";
import type { Fault } from "./fault.ts";
import { hostKeyFaults } from "./host-key.ts";
import { httpsFaults } from "./https.ts";
import { machineFaults } from "./machine.ts";
import { schemaFaults } from "./schema.ts";
import { taskFaults } from "./tasks.ts";

export const faults: readonly Fault[] = [
  ...appFaults,
  ...databaseFaults,
  ...schemaFaults,
  ...accessFaults,
  ...engineFaults,
  ...machineFaults,
  ...httpsFaults,
  ...hostKeyFaults,
  ...taskFaults,
];

/** Rows that tell most in least time. */
export const inCi = ["crashes-at-start", "migration-drops-column"];

/** The rows of those names, or all. Throws naming what is not a row. */
export function chosen(names: readonly string[]): readonly Fault[] {
  if (names.length === 0) return faults;
  return names.map((name) => {
    const fault = faults.find((each) => each.name === name);
    if (fault) return fault;
    throw new Error(
      `no row is named ${name}\nremedy: ${faults.map((each) => each.name).join(", ")}`,
    );
  });
}
