import { configCommand, fullKey, type Problem } from "./problem.ts";

/** Who reads the site: everybody, or the AWS account alone; or there is none. */
export const siteModes = ["public", "private", "none"] as const;
export type SiteMode = (typeof siteModes)[number];

/** Settings of what is published, and where; undefined where the value of one is refused. */
interface Publishing {
  readonly site?: SiteMode | undefined;
  readonly publishRepository?: string | undefined;
  readonly publishDump?: boolean | undefined;
}

/** What is wrong with the combination of these settings. */
export function publishingProblems(
  { site, publishRepository, publishDump }: Publishing,
  { hasPublishToken }: { readonly hasPublishToken: boolean },
): Problem[] {
  const problems: Problem[] = [];
  if (publishRepository && !hasPublishToken) {
    problems.push({
      what: `${fullKey("publishToken")} is not set`,
      limit: "must be one that may write there",
      remedy: configCommand("set --secret publishToken"),
    });
  }
  const dump = `${fullKey("publishDump")} is true`;
  if (publishDump && publishRepository === "") {
    problems.push({
      what: dump,
      limit: "there is nothing to publish it with: publishRepository is not set",
      remedy: "set publishRepository, or publishDump to false",
    });
  }
  if (publishDump && site === "none") {
    problems.push({
      what: dump,
      limit: "there is no site to put the rows on: site is none",
      remedy: `${configCommand("set site private")}\nor: ${configCommand("set publishDump false")}`,
    });
  }
  return problems;
}
