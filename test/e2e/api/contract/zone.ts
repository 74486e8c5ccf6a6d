/** The zone of the contract's records. The program makes no zones, so the lab's provider knows no such type. */
import { Route53 } from "@aws-sdk/client-route-53";
import { expect } from "chai";

import type { ApiServer } from "../../../../lab/support/api-server.ts";

/** Of the first zone in an account whose API has begun its random numbers with 1. */
export const zoneId = "FPLR5ZOMS0MFXNSXMK9XK0";

export async function makeZone({ client, endpoint }: ApiServer): Promise<void> {
  await fetch(`${endpoint}/moto-api/seed?a=1`, { method: "POST" });
  const route53 = new Route53(client);
  const zone = { Name: "example.test", CallerReference: "contract" };
  const { HostedZone } = await route53.createHostedZone(zone);
  expect(HostedZone!.Id).to.equal(`/hostedzone/${zoneId}`);
  // Lookups of a public zone do not find the private one of the same name.
  await route53.createHostedZone({
    ...{ Name: "example.test", CallerReference: "private" },
    VPC: { VPCId: "vpc-1", VPCRegion: "us-west-2" },
    HostedZoneConfig: { PrivateZone: true },
  });
}
