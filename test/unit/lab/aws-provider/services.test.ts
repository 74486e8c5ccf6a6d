import { expect } from "chai";

import { type ApiServer, startApi } from "../../../../lab/support/api-server.ts";
import { type Properties, ProviderProcess, unknown } from "../../../support/aws-provider.ts";

/** By type: what AWS has, and what a preview wants of which something is not known yet. */
const previews: [type: string, state: Properties, wants: Properties[]][] = [
  [
    "aws:lb/listener:Listener",
    { defaultActions: [{ type: "forward", targetGroupArn: "arn:1" }] },
    [
      { defaultActions: [{ type: "forward", targetGroupArn: unknown }] },
      { defaultActions: unknown },
    ],
  ],
  [
    "aws:lb/targetGroup:TargetGroup",
    {
      healthCheck: {
        ...{ enabled: true, interval: 30, path: "/", port: "traffic-port", protocol: "HTTP" },
        ...{ healthyThreshold: 3, unhealthyThreshold: 3 },
      },
    },
    [{ healthCheck: { path: unknown } }, { healthCheck: unknown }],
  ],
  [
    "aws:ecs/service:Service",
    { networkConfiguration: { subnets: ["a", "b"], securityGroups: ["c"] } },
    [
      { networkConfiguration: { subnets: unknown, securityGroups: ["c"] } },
      { networkConfiguration: unknown },
    ],
  ],
  [
    "aws:ecs/taskDefinition:TaskDefinition",
    { containerDefinitions: "[]" },
    [{ containerDefinitions: unknown }],
  ],
  [
    "aws:acm/certificate:Certificate",
    { domainName: "a.test", subjectAlternativeNames: ["a.test"] },
    [{ domainName: "a.test", subjectAlternativeNames: unknown }],
  ],
  [
    "aws:route53/record:Record",
    { aliases: [{ name: "a.test", zoneId: "Z", evaluateTargetHealth: true }] },
    [
      { aliases: [{ name: unknown, zoneId: "Z", evaluateTargetHealth: true }] },
      { aliases: unknown },
    ],
  ],
];

describe("The lab's AWS provider", function () {
  this.timeout(60_000);
  let api: ApiServer;
  let provider: ProviderProcess;
  before(async () => {
    api = await startApi();
    provider = await ProviderProcess.start(api.endpoint);
    await provider.configure({ region: "us-west-2" });
  });
  after(async () => {
    await provider?.stop();
    await api?.stop();
  });

  for (const [type, state, wants] of previews)
    it(`previews a change of ${type} to what is not known yet`, async () => {
      const resource = { type, name: "a", id: "a", inputs: {}, state };
      const unchanged = await provider.diff(resource, state);
      expect(unchanged.changes).to.deep.equal({});
      for (const want of wants) {
        const { changes } = await provider.diff(resource, want);
        expect(Object.keys(changes)).to.have.length(1);
      }
    });
});
