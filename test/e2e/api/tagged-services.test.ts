import { ACM } from "@aws-sdk/client-acm";
import { ApplicationAutoScaling } from "@aws-sdk/client-application-auto-scaling";
import { CloudWatch } from "@aws-sdk/client-cloudwatch";
import { ECR } from "@aws-sdk/client-ecr";
import { waitUntilServicesInactive } from "@aws-sdk/client-ecs";
import { Route53 } from "@aws-sdk/client-route-53";
import { SNS } from "@aws-sdk/client-sns";
import { expect } from "chai";
import { taggedResources } from "../../../lab/support/tagged-resources.ts";
import { makeFargate, makeNetwork } from "../../support/fargate.ts";
import { useApi } from "../../support/api-environment.ts";

describe("A stack's service, with all that it stands on", function () {
  this.timeout(60_000);
  const lab = useApi();

  const tags = { project: "app", stack: "dev" };
  const capital = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  const small = Object.entries(tags).map(([key, value]) => ({ key, value }));
  const types = async () => (await taggedResources(tags)).map(({ type }) => type);

  it("is found by its tags until it is deleted", async () => {
    const network = await makeNetwork(lab.api);
    const fargate = await makeFargate(lab.api, network);
    const ecr = new ECR(lab.api.client);
    const acm = new ACM(lab.api.client);
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
    const scaling = new ApplicationAutoScaling(lab.api.client);
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

  it("has topics and alarms, also in us-east-1, and a health check, found until they are deleted", async () => {
    const alarm = {
      ...{ AlarmName: "page", Namespace: "AWS/Route53", MetricName: "HealthCheckStatus" },
      ...{ Statistic: "Minimum" as const, Threshold: 1, Period: 60, EvaluationPeriods: 2 },
      ComparisonOperator: "LessThanThreshold" as const,
    };
    const made = await Promise.all(
      ["us-west-2", "us-east-1"].map(async (region) => {
        const sns = new SNS({ ...lab.api.client, region });
        const cloudwatch = new CloudWatch({ ...lab.api.client, region });
        const { TopicArn } = await sns.createTopic({ Name: "alarms", Tags: capital });
        await cloudwatch.putMetricAlarm({ ...alarm, Tags: capital });
        return async () => {
          await sns.deleteTopic({ TopicArn });
          await cloudwatch.deleteAlarms({ AlarmNames: ["page"] });
        };
      }),
    );
    const route53 = new Route53(lab.api.client);
    const { HealthCheck } = await route53.createHealthCheck({
      CallerReference: "1",
      HealthCheckConfig: { Type: "TCP", IPAddress: "192.0.2.1", Port: 80 },
    });
    const HealthCheckId = HealthCheck!.Id!;
    await route53.changeTagsForResource({
      ...{ ResourceType: "healthcheck", ResourceId: HealthCheckId, AddTags: capital },
    });
    const [topic, metricAlarm] = [
      ...["aws:sns/topic:Topic", "aws:cloudwatch/metricAlarm:MetricAlarm"],
    ];
    expect(await types()).to.have.members([
      ...[topic, topic, metricAlarm, metricAlarm, "aws:route53/healthCheck:HealthCheck"],
    ]);
    await Promise.all(made.map((remove) => remove()));
    await route53.deleteHealthCheck({ HealthCheckId });
    expect(await types()).to.deep.equal([]);
  });
});
