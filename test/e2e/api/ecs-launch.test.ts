import { CloudWatchLogs } from "@aws-sdk/client-cloudwatch-logs";
import { expect } from "chai";
import { type ApiServer, startApi } from "../../../lab/support/api-server.ts";
import { allow } from "../../support/instance-role.ts";
import {
  controller,
  image,
  logGroup,
  makeFargate,
  makeNetwork,
  trust,
} from "../../support/fargate.ts";

type Fargate = Awaited<ReturnType<typeof makeFargate>>;

const secret = (valueFrom: string) => ({ secrets: [{ name: "SECRET", valueFrom }] });
const prefix =
  "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: ";
const once = "service call has been retried 1 time(s): ";

describe("A task of the lab's API that cannot start", function () {
  this.timeout(60_000);
  let api: ApiServer;
  let fargate: Fargate;
  let play: ReturnType<typeof controller>;
  let logs: CloudWatchLogs;
  before(async () => {
    api = await startApi({ LAB_CONTROLLER: "1" });
    const network = await makeNetwork(api);
    fargate = await makeFargate(api, network);
    play = controller(api, network.targetGroup);
    logs = new CloudWatchLogs(api.client);
    const first = fargate.service(await fargate.register());
    await fargate.ecs.createService({ ...first, desiredCount: 1 });
    await play.workOff();
  });
  after(() => api?.stop());

  const grant = (...Statement: object[]) =>
    fargate.iam.putRolePolicy({
      ...{ RoleName: "execution", PolicyName: "all" },
      PolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement }),
    });
  const everything = allow(["ecr:*", "ssm:*", "logs:*"], "*");
  const setTrust = (service: string) =>
    fargate.iam.updateAssumeRolePolicy({ RoleName: "execution", PolicyDocument: trust(service) });

  type Cause = [what: string, container: object, change: () => Promise<unknown>, problem: string];
  const causes: Cause[] = [
    [
      "a parameter is gone",
      secret("/app/1/GONE"),
      () => grant(everything),
      `${prefix}unable to retrieve secrets from ssm: ${once}invalid ssm parameters: /app/1/GONE`,
    ],
    [
      "its role may not read the parameter",
      {},
      () => grant(allow(["ecr:*", "logs:*"], "*")),
      `${prefix}unable to retrieve secrets from ssm: ${once}AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/execution/`,
    ],
    [
      "its role may not log in to ECR",
      {},
      () => grant(allow(["ssm:*", "logs:*"], "*")),
      `${prefix}unable to retrieve ecr registry auth: ${once}AccessDeniedException`,
    ],
    [
      "its role may not pull the image",
      {},
      () => grant(allow(["ssm:*", "logs:*", "ecr:GetAuthorizationToken"], "*")),
      "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref",
    ],
    [
      "its image's repository is gone",
      { image: image.replace("/app:", "/gone:") },
      () => grant(everything),
      `failed to resolve ref ${image.replace("/app:", "/gone:")}: ${image.replace("/app:", "/gone:")}: not found`,
    ],
    ...[":2", `@sha256:${"2".repeat(64)}`].map((other): Cause => [
      `its repository has no image ${other.slice(0, 9)}`,
      { image: image.replace(":1", other) },
      () => grant(everything),
      `${image.replace(":1", other)}: not found`,
    ]),
    [
      "its log group is gone",
      {},
      () => logs.deleteLogGroup({ logGroupName: logGroup }),
      "failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist.",
    ],
    [
      "ECS may not assume its role",
      {},
      async () => {
        await logs.createLogGroup({ logGroupName: logGroup });
        await setTrust("ec2.amazonaws.com");
      },
      "ECS was unable to assume the role 'arn:aws:iam::123456789012:role/execution'",
    ],
    [
      "its role is gone",
      { executionRoleArn: "arn:aws:iam::123456789012:role/gone" },
      () => grant(everything),
      "ECS was unable to assume the role 'arn:aws:iam::123456789012:role/gone'",
    ],
  ];
  /** `executionRoleArn` stands beside the container. */
  const register = async ({ executionRoleArn, ...container }: { executionRoleArn?: string }) => {
    const definition = fargate.definition(container);
    const role = executionRoleArn ? { executionRoleArn } : {};
    const answer = await fargate.ecs.registerTaskDefinition({ ...definition, ...role });
    return answer.taskDefinition!.taskDefinitionArn!;
  };
  for (const [what, container, change, problem] of causes) {
    it(`says so as AWS does when ${what}`, async () => {
      await setTrust("ecs-tasks.amazonaws.com");
      await change();
      const taskDefinition = await register(container);
      await fargate.ecs.updateService({ cluster: "app", service: "app", taskDefinition });
      const fresh = (await play.tasks()).find(({ lastStatus }) => lastStatus === "PROVISIONING")!;
      expect(fresh.problem).to.include(problem);
      expect(fresh.environment).to.deep.equal({});
      await play.report(fresh, { status: "stopped", reason: fresh.problem });
      const { tasks } = await fargate.ecs.describeTasks({ cluster: "app", tasks: [fresh.id] });
      expect(tasks![0]).to.include({
        ...{ lastStatus: "STOPPED", stopCode: "TaskFailedToStart", stoppedReason: fresh.problem },
      });
      expect(tasks![0]!.containers![0]!.reason).to.equal(fresh.problem);
      const { deployments } = await fargate.describe();
      expect(deployments![0]).to.include({ failedTasks: 1, rolloutState: "IN_PROGRESS" });
    });
  }

  it("starts once nothing stands in its way", async () => {
    await setTrust("ecs-tasks.amazonaws.com");
    await grant(everything);
    const taskDefinition = await fargate.register(secret("/app/1/SECRET"));
    await fargate.ecs.updateService({ cluster: "app", service: "app", taskDefinition });
    const [fresh] = (await play.tasks()).filter(({ lastStatus }) => lastStatus === "PROVISIONING");
    expect(fresh).to.deep.include({
      ...{ problem: null, environment: { PLAIN: "text", SECRET: "swordfish" } },
    });
  });
});
