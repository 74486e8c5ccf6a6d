/** The setting of the region that gets a copy of the backups, and its rule with the stack's own region. */
import type { z } from "zod";
import { refuse, text } from "./fields.ts";
import { refused, type Problem } from "./problem.ts";

const form = "[a-z]{2,3}(-[a-z]+)+-\\d";

/** A region of the partition `aws`. Whether it exists is known to AWS. */
function regionName(pattern: RegExp, usual: string) {
  return text(pattern, "must be a region of AWS", `use ${usual}`).check((context) => {
    if (/^(cn|us-gov|us-iso\w*|eu-isoe|eusc)-/.test(context.value)) {
      const limit =
        "is of another AWS partition, with other ARNs, host names and certificates of RDS";
      refuse(context, limit, `use ${usual}, or another region of the partition aws`);
    }
  });
}

export const region = regionName(new RegExp(`^${form}$`), "us-west-2");

export const backupCopy = {
  backupCopyRegion: regionName(new RegExp(`^$|^${form}$`), "us-east-2"),
};

/** A copy in the same region would be lost with it. */
export function backupCopyProblems(
  { backupCopyRegion }: Partial<z.output<z.ZodObject<typeof backupCopy>>>,
  { region }: { readonly region: string },
): Problem[] {
  if (!backupCopyRegion || backupCopyRegion !== region) return [];
  const limit = "is the stack's own region, whose loss the copy is to survive";
  const other = region === "us-east-2" ? "us-west-2" : "us-east-2";
  return [refused("backupCopyRegion", backupCopyRegion, limit, `use ${other}, or "" for no copy`)];
}
