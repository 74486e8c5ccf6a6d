/** An account with all that a service on Fargate needs, and a controller that does as a test tells it. */
import { CloudWatchLogs } from "@aws-sdk/client-cloudwatch-logs";
import { ECR } from "@aws-sdk/client-ecr";
import { type CreateServiceCommandInput, ECS } from "@aws-sdk/client-ecs";
import { ElasticLoadBalancingV2 } from "@aws-sdk/client-elastic-load-balancing-v2";
import { IAM } from "@aws-sdk/client-iam";
import { SSM } from "@aws-sdk/client-ssm";
import { builder } from "../../lab/support/account.ts";
import type { ApiServer } from "../../lab/support/api-server.ts";
import { controlApi } from "./control-api.ts";

export interface ControlTask {
  readonly id: string;
  readonly desiredStatus: string;
  readonly lastStatus: string;
  readonly image: string;
  readonly environment: Record<string, string>;
  readonly problem: string | null;
  readonly subnetId: string;
  readonly address: string;
}

export const account = "123456789012";
export const image = `${account}.dkr.ecr.us-west-2.amazonaws.com/app:1`;
export const logGroup = "/app/tasks";

/** Two public and two private subnets with a load balancer whose listener forwards to an empty target group. */
export async function makeNetwork(api: ApiServer) {
  const make = builder(api);
  const vpc = await make.vpc("10.0.0.0/16");
  await make.internetGateway(vpc);
  const subnets = (third: number) =>
    Promise.all(["a", "b"].map((zone, n) => make.subnet(vpc, `10.0.${third + n}.0/24`, zone)));
  const [publicSubnets, privateSubnets] = [await subnets(0), await subnets(10)];
  const group = await make.group(vpc, "tasks");
  const elb = new ElasticLoadBalancingV2(api.client);
  const { LoadBalancers } = await elb.createLoadBalancer({
    ...{ Name: "app", Subnets: publicSubnets, SecurityGroups: [group], Scheme: "internet-facing" },
  });
  const { TargetGroups } = await elb.createTargetGroup({
    ...{ Name: "app", Port: 5000, Protocol: "HTTP", TargetType: "ip", VpcId: vpc },
    HealthCheckPath: "/health",
  });
  const TargetGroupArn = TargetGroups![0]!.TargetGroupArn!;
  await elb.modifyTargetGroupAttributes({
    TargetGroupArn,
    Attributes: [{ Key: "deregistration_delay.timeout_seconds", Value: "1" }],
  });
  const balancer = LoadBalancers![0]!;
  const { Listeners } = await elb.createListener({
    ...{ LoadBalancerArn: balancer.LoadBalancerArn, Port: 80, Protocol: "HTTP" },
    DefaultActions: [{ Type: "forward", TargetGroupArn }],
  });
  const listener = Listeners![0]!.ListenerArn!;
  return {
    make,
    elb,
    vpc,
    publicSubnets,
    privateSubnets,
    group,
    balancer,
    targetGroup: TargetGroupArn,
    listener,
  };
}
export type Network = Awaited<ReturnType<typeof makeNetwork>>;

const executionPolicy = JSON.stringify({
  Version: "2012-10-17",
  Statement: [
    { Effect: "Allow", Action: ["ecr:*", "logs:CreateLogStream"], Resource: "*" },
    { Effect: "Allow", Action: "ssm:GetParameters", Resource: "arn:aws:ssm:*:*:parameter/app/*" },
  ],
});
export const trust = (service: string): string =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: service } }],
  });

/** A cluster, a repository, a log group, an execution role and a secret parameter. */
export async function makeFargate(api: ApiServer, network: Network) {
  const ecs = new ECS(api.client);
  const ssm = new SSM(api.client);
  await ecs.createCluster({ clusterName: "app" });
  await new ECR(api.client).createRepository({ repositoryName: "app" });
  // What the lab's registry does at the end of a push.
  const pushed = { repository: "app", tag: "1", digest: `sha256:${"1".repeat(64)}`, size: 1 };
  await controlApi(api, "ecr-image", pushed);
  await new CloudWatchLogs(api.client).createLogGroup({ logGroupName: logGroup });
  const iam = new IAM(api.client);
  const RoleName = "execution";
  const AssumeRolePolicyDocument = trust("ecs-tasks.amazonaws.com");
  const { Role } = await iam.createRole({ RoleName, AssumeRolePolicyDocument });
  await iam.putRolePolicy({ RoleName, PolicyName: "all", PolicyDocument: executionPolicy });
  await ssm.putParameter({ Name: "/app/1/SECRET", Type: "SecureString", Value: "swordfish" });
  const definition = (more: object = {}) => ({
    family: "app",
    requiresCompatibilities: ["FARGATE" as const],
    networkMode: "awsvpc" as const,
    ...{ cpu: "256", memory: "512", executionRoleArn: Role!.Arn! },
    containerDefinitions: [
      {
        ...{ name: "app", image, stopTimeout: 45, portMappings: [{ containerPort: 5000 }] },
        environment: [{ name: "PLAIN", value: "text" }],
        secrets: [
          { name: "SECRET", valueFrom: `arn:aws:ssm:us-west-2:${account}:parameter/app/1/SECRET` },
        ],
        logConfiguration: {
          logDriver: "awslogs" as const,
          options: {
            "awslogs-group": logGroup,
            "awslogs-region": "us-west-2",
            "awslogs-stream-prefix": "app",
          },
        },
        ...more,
      },
    ],
  });
  const register = async (more: object = {}) =>
    (await ecs.registerTaskDefinition(definition(more))).taskDefinition!.taskDefinitionArn!;
  const service = (taskDefinition: string): CreateServiceCommandInput => ({
    ...{
      cluster: "app",
      serviceName: "app",
      taskDefinition,
      desiredCount: 2,
      launchType: "FARGATE",
    },
    networkConfiguration: {
      awsvpcConfiguration: { subnets: network.privateSubnets, securityGroups: [network.group] },
    },
    loadBalancers: [
      { targetGroupArn: network.targetGroup, containerName: "app", containerPort: 5000 },
    ],
    deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } },
  });
  const describe = async (serviceName = "app") =>
    (await ecs.describeServices({ cluster: "app", services: [serviceName] })).services![0]!;
  return { ecs, iam, ssm, definition, register, service, describe };
}

/** What the lab's controller does, by hand. */
export function controller(api: ApiServer, targetGroup: string) {
  const tasks = async () => (await controlApi(api, "ecs/tasks")).body.tasks as ControlTask[];
  const report = (task: ControlTask, status: object) =>
    controlApi(api, "ecs/task", { id: task.id, ...status });
  const health = (healthy: boolean, some: ControlTask[], reason = "Health checks failed") =>
    controlApi(api, "target-health", {
      targetGroup,
      targets: some.map(({ address }) => ({ address, port: 5000, healthy, reason })),
    });
  return {
    tasks,
    report,
    health,
    /** Runs what is to run and stops what is to stop, until the API wants no more at present. */
    async workOff() {
      for (;;) {
        const all = await tasks();
        const fresh = all.filter(({ lastStatus }) => lastStatus === "PROVISIONING");
        const ending = all.filter(({ desiredStatus }) => desiredStatus === "STOPPED");
        if (fresh.length + ending.length === 0) return;
        for (const task of fresh) await report(task, { status: "running" });
        await health(true, fresh);
        for (const task of ending) await report(task, { status: "stopped", exitCode: 0 });
      }
    },
  };
}
