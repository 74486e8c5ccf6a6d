/** The site alone: neither machines nor a network, so that a test needs no more than the lab's API. */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { SiteMode } from "../../../../settings/publishing.ts";
import { Site } from "../../../../storage/site.ts";

const mode = new pulumi.Config().require<SiteMode>("site");
const provider = new aws.Provider("site", { region: "us-west-2" });
const opts = { providers: [provider] };
const site =
  mode === "none"
    ? undefined
    : new Site("site", { title: "site", access: mode, downloads: [], openAfter: [] }, opts);

export const siteUrl = site?.url ?? "";
export const siteBucket = site?.bucket ?? "";
