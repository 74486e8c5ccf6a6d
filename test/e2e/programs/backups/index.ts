/** The bucket of backups alone: neither machines nor a network, so that a test needs no more than the lab's API. */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { Backups } from "../../../../storage/backups.ts";

const lockDays = new pulumi.Config().requireNumber("lockDays");
const provider = new aws.Provider("backups", { region: "us-west-2" });
const backups = new Backups(
  "backups",
  { protect: false, coldAfterDays: 30, expireAfterDays: 365, lockDays },
  { providers: [provider] },
);

export const bucket = backups.bucket;
