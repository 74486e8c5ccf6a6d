import { tail, type LabStack, type SettingValues } from "./stack.ts";

/** Runs `up`. @throws with what it printed last unless it succeeds */
export async function up(stack: LabStack, settings: SettingValues = {}): Promise<void> {
  const result = await stack.up(settings);
  if (result.status !== 0) throw new Error(`up ended with ${result.status}:\n${tail(result)}`);
}
