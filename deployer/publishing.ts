import type { Settings } from "../settings/settings.ts";
import type { ReleaseArgs } from "./release.ts";

type Publishing = Pick<Settings, "publishRepository" | "publishToken" | "publishDump">;

/** Where a release pushes the tree that serves; undefined: nowhere. */
export function publishingOf(
  { publishRepository, publishToken, publishDump }: Publishing,
  branch: string,
): ReleaseArgs["publish"] {
  if (!publishRepository || !publishToken) return undefined;
  return { repository: publishRepository, branch, token: publishToken, dump: publishDump };
}

/** The objects that the site offers. */
export function downloadsOf({
  publishRepository,
  publishDump,
}: Omit<Publishing, "publishToken">): string[] {
  return [...(publishRepository ? ["app.zip"] : []), ...(publishDump ? ["dump.sql.gz"] : [])];
}
