/** What stands between the internet and the app's tasks, and alarms, with its tags. Task definitions stay on purpose: ECS keeps them. */
import { ACM } from "@aws-sdk/client-acm";
import { ApplicationAutoScaling } from "@aws-sdk/client-application-auto-scaling";
import { CloudWatch } from "@aws-sdk/client-cloudwatch";
import { ECR } from "@aws-sdk/client-ecr";
import { ECS } from "@aws-sdk/client-ecs";
import { ElasticLoadBalancingV2 } from "@aws-sdk/client-elastic-load-balancing-v2";
import { Route53 } from "@aws-sdk/client-route-53";
import { SNS } from "@aws-sdk/client-sns";
import { tagsOf } from "../../tools/inventory.ts";
import { fromTags } from "../providers/aws/types/ecs.ts";
import { resource, type Tagged } from "./tagged-resources.ts";

async function balancerResources(): Promise<Tagged[]> {
  const elb = new ElasticLoadBalancingV2();
  const { LoadBalancers = [] } = await elb.describeLoadBalancers();
  const { TargetGroups = [] } = await elb.describeTargetGroups();
  const balancers = LoadBalancers.map(({ LoadBalancerArn }) => LoadBalancerArn!);
  const listeners = await Promise.all(
    balancers.map(async (LoadBalancerArn) => {
      const { Listeners = [] } = await elb.describeListeners({ LoadBalancerArn });
      return Listeners.map(({ ListenerArn }) => ListenerArn!);
    }),
  );
  const types: [string, string[]][] = [
    ["aws:lb/loadBalancer:LoadBalancer", balancers],
    ["aws:lb/targetGroup:TargetGroup", TargetGroups.map((group) => group.TargetGroupArn!)],
    ["aws:lb/listener:Listener", listeners.flat()],
  ];
  const all = types.flatMap(([type, arns]) => arns.map((arn) => [type, arn] as const));
  return Promise.all(
    all.map(async ([type, arn]) => {
      const { TagDescriptions } = await elb.describeTags({ ResourceArns: [arn] });
      return resource(type, arn, tagsOf(TagDescriptions?.[0]?.Tags ?? []));
    }),
  );
}

async function containerResources(): Promise<Tagged[]> {
  const ecs = new ECS();
  const { clusterArns = [] } = await ecs.listClusters();
  const { clusters = [] } = await ecs.describeClusters({
    clusters: clusterArns,
    include: ["TAGS"],
  });
  const active = clusters.filter(({ status }) => status !== "INACTIVE");
  const services = await Promise.all(
    active.map(async ({ clusterArn: cluster }) => {
      const { serviceArns = [] } = await ecs.listServices({ cluster });
      if (serviceArns.length === 0) return [];
      const found = await ecs.describeServices({
        cluster,
        services: serviceArns,
        include: ["TAGS"],
      });
      return found.services!.filter(({ status }) => status !== "INACTIVE");
    }),
  );
  return [
    ...active.map(({ clusterArn, tags }) =>
      resource("aws:ecs/cluster:Cluster", clusterArn, tagsOf(fromTags(tags))),
    ),
    ...services
      .flat()
      .map(({ serviceArn, tags }) =>
        resource("aws:ecs/service:Service", serviceArn, tagsOf(fromTags(tags))),
      ),
  ];
}

/** Their policies have no tags. They can be put again, so a killed run leaves none that the next one does not take over. */
async function scalableTargets(): Promise<Tagged[]> {
  const scaling = new ApplicationAutoScaling();
  const ecs = { ServiceNamespace: "ecs" } as const;
  const { ScalableTargets = [] } = await scaling.describeScalableTargets(ecs);
  return Promise.all(
    ScalableTargets.map(async ({ ResourceId, ScalableTargetARN: ResourceARN }) => {
      const { Tags } = await scaling.listTagsForResource({ ResourceARN });
      return resource("aws:appautoscaling/target:Target", ResourceId, Tags);
    }),
  );
}

async function repositoryResources(): Promise<Tagged[]> {
  const ecr = new ECR();
  const { repositories = [] } = await ecr.describeRepositories();
  return Promise.all(
    repositories.map(async ({ repositoryName, repositoryArn: resourceArn }) => {
      const { tags } = await ecr.listTagsForResource({ resourceArn });
      return resource("aws:ecr/repository:Repository", repositoryName, tagsOf(tags));
    }),
  );
}

async function certificateResources(): Promise<Tagged[]> {
  const acm = new ACM();
  const { CertificateSummaryList = [] } = await acm.listCertificates();
  return Promise.all(
    CertificateSummaryList.map(async ({ CertificateArn }) => {
      const { Tags } = await acm.listTagsForCertificate({ CertificateArn });
      return resource("aws:acm/certificate:Certificate", CertificateArn, tagsOf(Tags));
    }),
  );
}

/** Of the region, and of us-east-1, where the alarm of a health check is. */
async function alarmResources(): Promise<Tagged[]> {
  const regions = [{}, { region: "us-east-1" }];
  const found = await Promise.all(
    regions.flatMap((region) => [
      topicResources(new SNS(region)),
      alarmsOf(new CloudWatch(region)),
    ]),
  );
  return [...found.flat(), ...(await healthCheckResources())];
}

async function topicResources(sns: SNS): Promise<Tagged[]> {
  const { Topics = [] } = await sns.listTopics();
  return Promise.all(
    Topics.map(async ({ TopicArn }) => {
      const { Tags } = await sns.listTagsForResource({ ResourceArn: TopicArn });
      return resource("aws:sns/topic:Topic", TopicArn, tagsOf(Tags));
    }),
  );
}

async function alarmsOf(cloudwatch: CloudWatch): Promise<Tagged[]> {
  const { MetricAlarms = [] } = await cloudwatch.describeAlarms();
  return Promise.all(
    MetricAlarms.map(async ({ AlarmName, AlarmArn: ResourceARN }) => {
      const { Tags } = await cloudwatch.listTagsForResource({ ResourceARN });
      return resource("aws:cloudwatch/metricAlarm:MetricAlarm", AlarmName, tagsOf(Tags));
    }),
  );
}

async function healthCheckResources(): Promise<Tagged[]> {
  const route53 = new Route53();
  const { HealthChecks = [] } = await route53.listHealthChecks();
  return Promise.all(
    HealthChecks.map(async ({ Id: ResourceId }) => {
      const { ResourceTagSet } = await route53.listTagsForResource({
        ...{ ResourceType: "healthcheck", ResourceId },
      });
      const tags = tagsOf(ResourceTagSet?.Tags ?? []);
      return resource("aws:route53/healthCheck:HealthCheck", ResourceId, tags);
    }),
  );
}

export async function serviceResources(): Promise<Tagged[]> {
  const all = [
    balancerResources(),
    containerResources(),
    scalableTargets(),
    repositoryResources(),
    certificateResources(),
    alarmResources(),
  ];
  return (await Promise.all(all)).flat();
}
