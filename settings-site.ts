import * as pulumi from "@pulumi/pulumi";
import { configCommand, type Problem } from "./settings-keys.ts";

/** Who reads the site: everybody, or the AWS account alone; or there is none. */
export const siteModes = ["public", "private", "none"] as const;
export type SiteMode = (typeof siteModes)[number];

/** Settings of what is published, and where. */
export interface Publishing {
  /** Undefined if the value of the setting is none of {@link siteModes}. */
  readonly site: SiteMode | undefined;
  readonly publishRepository: string;
  readonly publishDump: boolean;
  readonly publishToken: unknown;
}

/** What is wrong with the combination of these settings. */
export function publishingProblems(settings: Publishing): Problem[] {
  const { site, publishRepository, publishDump, publishToken } = settings;
  const problems: Problem[] = [];
  const full = (key: string) => `${pulumi.getProject()}:${key}`;
  if (publishRepository && !publishToken) {
    problems.push({
      what: `${full("publishToken")} is not set`,
      limit: "must be one that may write there",
      remedy: configCommand("set --secret publishToken"),
    });
  }
  const dump = `${full("publishDump")} is true`;
  if (publishDump && !publishRepository) {
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
