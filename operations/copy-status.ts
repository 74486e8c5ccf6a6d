/** The newest backup that another region has, as ./ops status tells it. */
import { age } from "./format.ts";

/** `key` is null while S3 has copied no backup. */
export interface BackupCopyStatus extends Readonly<Record<"key" | "created", string | null>> {
  readonly region: string;
}

/** @param verify the command that compares the copy with the backups */
export function copyLine(
  { region, key, created }: BackupCopyStatus,
  lastBackup: string | undefined,
  verify: string,
  now: number,
): string {
  if (!key || !created) return `none in ${region} yet; see: ${verify}`;
  if (key === lastBackup) return `in ${region}`;
  return `not in ${region} yet; the newest there: ${age(created, now)} ago: ${key}`;
}
