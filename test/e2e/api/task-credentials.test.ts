import { STS } from "@aws-sdk/client-sts";
import { expect } from "chai";
import { useApi } from "../../support/api-environment.ts";
import { controlApi } from "../../support/control-api.ts";
import { makeFargate, makeNetwork, trust } from "../../support/fargate.ts";

describe("The role of a task of the lab's API", function () {
  this.timeout(60_000);
  const lab = useApi({ LAB_CONTROLLER: "1" });
  let fargate: Awaited<ReturnType<typeof makeFargate>>;
  before(async () => {
    fargate = await makeFargate(lab.api, await makeNetwork(lab.api));
    const AssumeRolePolicyDocument = trust("ecs-tasks.amazonaws.com");
    await fargate.iam.createRole({ RoleName: "task", AssumeRolePolicyDocument });
  });

  interface Told {
    readonly id: string;
    readonly environment: Record<string, string>;
    readonly credentialsPath: string | null;
    readonly problem: string | null;
  }
  const taskRoleArn = "arn:aws:iam::123456789012:role/task";
  /** The tasks of a new service. */
  const start = async (serviceName: string, role: object) => {
    const definition = { ...fargate.definition(), family: serviceName, ...role };
    const { taskDefinition } = await fargate.ecs.registerTaskDefinition(definition);
    const asked = fargate.service(taskDefinition!.taskDefinitionArn!);
    await fargate.ecs.createService({ ...asked, serviceName, loadBalancers: [] });
    const arns = await fargate.ecs.listTasks({ cluster: "app", serviceName });
    const ids = arns.taskArns!.map((arn) => arn.split("/").at(-1));
    const all = (await controlApi(lab.api, "ecs/tasks")).body.tasks as Told[];
    return all.filter(({ id }) => ids.includes(id));
  };

  it("has credentials, which the task finds by its environment, in a session of its own", async () => {
    const tasks = await start("with-role", { taskRoleArn });
    expect(tasks).to.have.length(2);
    expect(new Set(tasks.map(({ credentialsPath }) => credentialsPath)).size).to.equal(2);
    for (const { id, environment, credentialsPath } of tasks) {
      expect(credentialsPath).to.match(/^\/v2\/credentials\/[0-9a-f-]{36}$/);
      expect(environment.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI).to.equal(credentialsPath);
      const { body } = await controlApi(lab.api, `task-credentials/${id}`);
      expect(body).to.have.all.keys(
        ...["RoleArn", "AccessKeyId", "SecretAccessKey", "Token", "Expiration"],
      );
      expect(body.RoleArn).to.equal(taskRoleArn);
      const credentials = {
        accessKeyId: body.AccessKeyId as string,
        secretAccessKey: body.SecretAccessKey as string,
        sessionToken: body.Token as string,
      };
      const { Arn } = await new STS({ ...lab.api.client, credentials }).getCallerIdentity({});
      expect(Arn).to.equal(`arn:aws:sts::123456789012:assumed-role/task/${id}`);
      expect((await controlApi(lab.api, `task-credentials/${id}`)).body).to.deep.equal(body);
    }
  });

  it("gives none to a task without a role, and to none that does not exist", async () => {
    const [task] = await start("without-role", {});
    expect(task!.credentialsPath).to.equal(null);
    expect(task!.environment).to.not.have.property("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    for (const id of [task!.id, "none"])
      expect((await controlApi(lab.api, `task-credentials/${id}`)).status).to.equal(404);
  });

  it("keeps the task from starting if it does not trust ECS", async () => {
    const PolicyDocument = trust("ec2.amazonaws.com");
    await fargate.iam.updateAssumeRolePolicy({ RoleName: "task", PolicyDocument });
    const [task] = await start("without-trust", { taskRoleArn });
    expect(task!.problem).to.include(`ECS was unable to assume the role '${taskRoleArn}'`);
  });
});
