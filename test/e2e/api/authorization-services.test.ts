import { CloudWatchLogs } from "@aws-sdk/client-cloudwatch-logs";
import { ECR } from "@aws-sdk/client-ecr";
import { ECS } from "@aws-sdk/client-ecs";
import { ElasticLoadBalancingV2 } from "@aws-sdk/client-elastic-load-balancing-v2";
import { SSM } from "@aws-sdk/client-ssm";
import { expect } from "chai";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ApiServer, startApi } from "../../../lab/support/api-server.ts";
import { account, logGroup, makeFargate, makeNetwork } from "../../support/fargate.ts";
import { allow, instanceWithRole } from "../../support/instance-role.ts";

const arn = (service: string, name: string) => `arn:aws:${service}:us-west-2:${account}:${name}`;
const taskRole = `arn:aws:iam::${account}:role/execution`;

/** Calls of the app server, whose role may release to one service and do nothing else. */
describe("The lab's API judges an instance's calls by resource", function () {
  this.timeout(60_000);
  let home: string;
  let api: ApiServer;
  let fargate: Awaited<ReturnType<typeof makeFargate>>;
  let ecs: ECS;
  let ecr: ECR;
  let ssm: SSM;
  let logs: CloudWatchLogs;
  let elb: ElasticLoadBalancingV2;
  let targetGroup: string;

  before(async () => {
    home = await mkdtemp(join(tmpdir(), "lab-"));
    api = await startApi({ LAB_HOME: home });
    const network = await makeNetwork(api);
    targetGroup = network.targetGroup;
    fargate = await makeFargate(api, network);
    await fargate.ecs.createService(fargate.service(await fargate.register()));
    await new ECR(api.client).createRepository({ repositoryName: "other" });
    const configuration = await instanceWithRole(api, home, [
      allow(
        [
          "ecr:GetAuthorizationToken",
          "ecs:DescribeTasks",
          "ecs:ListTasks",
          "ecs:RegisterTaskDefinition",
          "elasticloadbalancing:DescribeTargetHealth",
        ],
        "*",
      ),
      allow("ecr:DescribeImages", arn("ecr", "repository/app")),
      allow(["ecs:DescribeServices", "ecs:UpdateService"], arn("ecs", "service/app/app")),
      allow(
        ["ssm:PutParameter", "ssm:GetParametersByPath", "ssm:DeleteParameters"],
        [arn("ssm", "parameter/app"), arn("ssm", "parameter/app/*")],
      ),
      allow(
        ["logs:FilterLogEvents", "logs:GetLogEvents"],
        `${arn("logs", `log-group:${logGroup}`)}:*`,
      ),
      {
        ...allow("iam:PassRole", taskRole),
        Condition: { StringEquals: { "iam:PassedToService": "ecs-tasks.amazonaws.com" } },
      },
    ]);
    ecs = new ECS(configuration);
    ecr = new ECR(configuration);
    ssm = new SSM(configuration);
    logs = new CloudWatchLogs(configuration);
    elb = new ElasticLoadBalancingV2(configuration);
  });
  after(async () => {
    await api?.stop();
    await rm(home, { recursive: true });
  });

  const outcome = (call: Promise<unknown>) =>
    call.then(
      () => "allowed",
      ({ name, message }: Error) => {
        const resource = /perform: (\S+) on resource: "(.*)"$/.exec(message);
        return resource ? `${name}: ${resource[1]!} on ${resource[2]!}` : name;
      },
    );
  const refused = (action: string, resource: string) =>
    `AccessDeniedException: ${action} on ${resource}`;
  const service = { cluster: "app", service: "app" };
  const put = (Name: string, more: object = {}) =>
    ssm.putParameter({ Name, Value: "x", Type: "SecureString", ...more });

  const calls: [what: string, call: () => Promise<unknown>, expected: string][] = [
    ["log in to ECR", () => ecr.getAuthorizationToken(), "allowed"],
    ["describe images", () => ecr.describeImages({ repositoryName: "app" }), "allowed"],
    [
      "describe images of another repository",
      () => ecr.describeImages({ repositoryName: "other" }),
      refused("ecr:DescribeImages", arn("ecr", "repository/other")),
    ],
    [
      "describe the service",
      () => ecs.describeServices({ cluster: "app", services: ["app"] }),
      "allowed",
    ],
    ["update the service", () => ecs.updateService(service), "allowed"],
    [
      "update another service",
      () => ecs.updateService({ ...service, service: "other" }),
      refused("ecs:UpdateService", arn("ecs", "service/app/other")),
    ],
    [
      "delete the service",
      () => ecs.deleteService({ ...service, force: true }),
      refused("ecs:DeleteService", arn("ecs", "service/app/app")),
    ],
    ["list tasks", () => ecs.listTasks({ cluster: "app" }), "allowed"],
    [
      "stop a task",
      () => ecs.stopTask({ cluster: "app", task: "1" }),
      refused("ecs:StopTask", arn("ecs", "task/app/1")),
    ],
    [
      "register a task definition with the task's role",
      () => ecs.registerTaskDefinition(fargate.definition()),
      "allowed",
    ],
    [
      "pass another role on",
      () => ecs.registerTaskDefinition({ ...fargate.definition(), taskRoleArn: "administrator" }),
      refused("iam:PassRole", `arn:aws:iam::${account}:role/administrator`),
    ],
    [
      "tag a task definition",
      () =>
        ecs.registerTaskDefinition({ ...fargate.definition(), tags: [{ key: "a", value: "b" }] }),
      refused("ecs:TagResource", arn("ecs", "task-definition/app:*")),
    ],
    ["write a parameter", () => put("/app/2/A"), "allowed"],
    [
      "write another's parameter",
      () => put("/application/2/A"),
      refused("ssm:PutParameter", arn("ssm", "parameter/application/2/A")),
    ],
    [
      "tag a parameter",
      () => put("/app/2/B", { Tags: [{ Key: "a", Value: "b" }] }),
      refused("ssm:AddTagsToResource", arn("ssm", "parameter/app/2/B")),
    ],
    [
      "list parameters",
      () => ssm.getParametersByPath({ Path: "/app/", Recursive: true }),
      "allowed",
    ],
    [
      "read a parameter",
      () => ssm.getParameter({ Name: "/app/1/SECRET" }),
      refused("ssm:GetParameter", arn("ssm", "parameter/app/1/SECRET")),
    ],
    ["delete parameters", () => ssm.deleteParameters({ Names: ["/app/2/A"] }), "allowed"],
    [
      "delete parameters of which one is another's",
      () => ssm.deleteParameters({ Names: ["/app/2/A", "/other"] }),
      refused("ssm:DeleteParameters", arn("ssm", "parameter/other")),
    ],
    ["read its log", () => logs.filterLogEvents({ logGroupName: logGroup }), "allowed"],
    [
      "read another log",
      () => logs.getLogEvents({ logGroupName: "/other", logStreamName: "s" }),
      refused("logs:GetLogEvents", arn("logs", "log-group:/other:log-stream:s")),
    ],
    [
      "delete its log",
      () => logs.deleteLogGroup({ logGroupName: logGroup }),
      refused("logs:DeleteLogGroup", arn("logs", `log-group:${logGroup}:log-stream:`)),
    ],
    [
      "ask for the targets' health",
      () => elb.describeTargetHealth({ TargetGroupArn: targetGroup }),
      "allowed",
    ],
  ];
  for (const [what, call, expected] of calls) {
    it(`${expected === "allowed" ? "lets" : "does not let"} it ${what}`, async () => {
      expect(await outcome(call())).to.equal(expected);
    });
  }
});
