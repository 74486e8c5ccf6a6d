/** The certificate of a domain whose DNS is elsewhere, alone, so that a test needs no more than the lab's API. */
import * as aws from "@pulumi/aws";
import { Certificate } from "../../../../compute/tasks/certificate.ts";

const provider = new aws.Provider("certificate", { region: "us-west-2" });
const certificate = new Certificate(
  "certificate",
  { domain: "app.example.test", zone: { why: "no public zone in Route 53" } },
  { providers: [provider] },
);

export const { arn, recordToCreate } = certificate;
