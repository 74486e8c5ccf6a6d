import { ACM } from "@aws-sdk/client-acm";
import { ApplicationAutoScaling } from "@aws-sdk/client-application-auto-scaling";
import { ECR } from "@aws-sdk/client-ecr";
import { waitUntilServicesInactive } from "@aws-sdk/client-ecs";
import { expect } from "chai";
import { type ApiServer, startApi } from "../../../lab/support/api-server.ts";
import { taggedResources } from "../../../lab/support/tagged-resources.ts";
import { makeFargate, makeNetwork } from "../../support/fargate.ts";
import { callApi } from "../../support/api-environment.ts";

describe("A stack's service, with all that it stands on", function () {
  this.timeout(60_000);
  let api: ApiServer;
  let restore: (() => void) | undefined;
  before(async () => {
    api = await startApi();
    restore = callApi(api);
  });
  after(async () => {
    restore?.();
    await api?.stop();
  });

  const tags = { project: "app", stack: "dev" };
  const capital = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  const small = Object.entries(tags).map(([key, value]) => ({ key, value }));
  const types = async () => (await taggedResources(tags)).map(({ type }) => type);

  it("is found by its tags until it is deleted", async () => {
    const network = await makeNetwork(api);
    const fargate = await makeFargate(api, network);
    const ecr = new ECR(api.client);
    const acm = new ACM(api.client);
    const { service } = await fargate.ecs.createService({
      ...fargate.service(await fargate.register()),
      tags: small,
    });
    await fargate.ecs.tagResource({ resourceArn: service!.clusterArn, tags: small });
    const { LoadBalancerArn } = network.balancer;
    const { targetGroup: TargetGroupArn, listener } = network;
    await network.elb.addTags({
      ...{ ResourceArns: [LoadBalancerArn!, TargetGroupArn, listener], Tags: capital },
    });
    const { repository } = await ecr.createRepository({ repositoryName: "tagged", tags: capital });
    const scaling = new ApplicationAutoScaling(api.client);
    const target = {
      ServiceNamespace: "ecs",
      ScalableDimension: "ecs:service:DesiredCount",
      ResourceId: "service/app/app",
    } as const;
    await scaling.registerScalableTarget({
      ...{ ...target, MinCapacity: 1, MaxCapacity: 2, Tags: tags },
    });
    const asked = { DomainName: "a.example.test", Tags: capital };
    const { CertificateArn } = await acm.requestCertificate(asked);
    expect(await types()).to.have.members([
      "aws:lb/loadBalancer:LoadBalancer",
      "aws:lb/targetGroup:TargetGroup",
      "aws:lb/listener:Listener",
      "aws:ecs/cluster:Cluster",
      "aws:ecs/service:Service",
      "aws:appautoscaling/target:Target",
      "aws:ecr/repository:Repository",
      "aws:acm/certificate:Certificate",
    ]);
    const found = await taggedResources(tags);
    expect(found.map(({ id }) => id)).to.include.members([
      ...[
        LoadBalancerArn,
        TargetGroupArn,
        listener,
        service!.serviceArn,
        "tagged",
        target.ResourceId,
      ],
    ]);

    await scaling.deregisterScalableTarget(target);
    const address = { cluster: "app", service: "app" };
    await network.elb.deleteLoadBalancer({ LoadBalancerArn });
    await network.elb.deleteTargetGroup({ TargetGroupArn });
    await fargate.ecs.updateService({ ...address, desiredCount: 0 });
    await fargate.ecs.deleteService(address);
    // Its targets drain for a second.
    await waitUntilServicesInactive(
      { client: fargate.ecs, minDelay: 1, maxWaitTime: 20 },
      { cluster: "app", services: ["app"] },
    );
    await fargate.ecs.deleteCluster({ cluster: "app" });
    await ecr.deleteRepository({ repositoryName: repository!.repositoryName });
    await acm.deleteCertificate({ CertificateArn });
    expect(await types()).to.deep.equal([]);
  });
});
