import { run } from "./lab.ts";

/** What the site of a stack answers, asked by its output's name, which is known inside the lab only. */
export function fromSite({ siteUrl, appUrl }: Record<string, string>) {
  const internet = new URL(appUrl!).hostname.replace(/\d+$/, "2");
  const resolve = `${new URL(siteUrl!).hostname}:80:${internet}`;
  return async (path: string): Promise<{ status: number; body: string }> => {
    const args = ["-s", "--resolve", resolve, "-w", "\n%{http_code}", `${siteUrl}/${path}`];
    const lines = (await run("curl", args)).stdout.split("\n");
    return { status: Number(lines.pop()), body: lines.join("\n") };
  };
}
