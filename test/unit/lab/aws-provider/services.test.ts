import { expect } from "chai";

import { type ApiServer, startApi } from "../../../../lab/support/api-server.ts";
import { makeFargate, makeNetwork, type Network } from "../../../support/fargate.ts";
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
  let network: Network;
  before(async () => {
    api = await startApi();
    network = await makeNetwork(api);
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

  it("leaves what is ignored as it is when something else of a service changes", async () => {
    const fargate = await makeFargate(api, network);
    const [first, second] = [await fargate.register(), await fargate.register()];
    const wanted = {
      ...{ name: "web", cluster: "app", taskDefinition: first, launchType: "FARGATE" },
      desiredCount: 2,
      networkConfiguration: {
        subnets: network.privateSubnets,
        securityGroups: [network.group],
      },
    };
    const made = await provider.create("aws:ecs/service:Service", "web", wanted);
    const address = { cluster: "app", service: "web" };
    await fargate.ecs.updateService({ ...address, taskDefinition: second, desiredCount: 4 });
    const found = (await provider.read(made))!;
    const news = { ...wanted, deploymentMaximumPercent: 150 };
    const ignored = ["taskDefinition", "desiredCount"];
    await provider.update(found, news, false, ignored);
    const service = await fargate.describe("web");
    expect(service).to.include({ taskDefinition: second, desiredCount: 4 });
    expect(service.deploymentConfiguration!.maximumPercent).to.equal(150);
  });
});
