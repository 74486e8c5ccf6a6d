/** The public site of a stack in a lab. */
import type { Lab } from "../../lab/support/lab.ts";

/** What the site of a stack answers, asked as docs/lab.md says. */
export function fromSite(lab: Lab, { siteUrl }: Record<string, string>) {
  return async (path: string): Promise<{ status: number; body: string }> => {
    const printed = await lab.in("curl", "-s", "-w", "\n%{http_code}", `${siteUrl}/${path}`);
    const lines = printed.split("\n");
    return { status: Number(lines.pop()), body: lines.join("\n") };
  };
}
