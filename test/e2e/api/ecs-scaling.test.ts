import {
  ApplicationAutoScaling,
  type RegisterScalableTargetCommandInput,
} from "@aws-sdk/client-application-auto-scaling";
import { expect } from "chai";
import { setTimeout as sleep } from "node:timers/promises";
import { type ApiServer, startApi } from "../../../lab/support/api-server.ts";
import { controlApi } from "../../support/control-api.ts";
import { account, controller, makeFargate, makeNetwork } from "../../support/fargate.ts";

const target = {
  ServiceNamespace: "ecs",
  ResourceId: "service/app/app",
  ScalableDimension: "ecs:service:DesiredCount",
} as const;

describe("A service that Application Auto Scaling changes, in the lab's API", function () {
  this.timeout(60_000);
  let api: ApiServer;
  let scaling: ApplicationAutoScaling;
  let fargate: Awaited<ReturnType<typeof makeFargate>>;
  let play: ReturnType<typeof controller>;
  before(async () => {
    api = await startApi({ LAB_CONTROLLER: "1" });
    scaling = new ApplicationAutoScaling(api.client);
    const network = await makeNetwork(api);
    fargate = await makeFargate(api, network);
    play = controller(api, network.targetGroup);
    await fargate.ecs.createService(fargate.service(await fargate.register()));
    await play.workOff();
  });
  after(() => api?.stop());

  const register = (more: Partial<RegisterScalableTargetCommandInput>) =>
    scaling.registerScalableTarget({ ...target, MinCapacity: 2, MaxCapacity: 4, ...more });
  const intervals = async () =>
    (await play.tasks()).map(
      (task) => (task as unknown as { usageInterval: unknown }).usageInterval,
    );
  /** Each task has used so much of its CPU in each of some minutes. */
  const use = async (minutes: number, percent: number) => {
    for (let minute = 0; minute < minutes; minute++) {
      const tasks = Object.fromEntries((await play.tasks()).map(({ id }) => [id, percent]));
      expect((await controlApi(api, "ecs/usage", { tasks })).status).to.equal(200);
    }
    return (await fargate.describe()).desiredCount;
  };

  /** Waits for the targets of the deployment before, which drain for a second. */
  const settle = async () => {
    for (const end = Date.now() + 10_000; ; await sleep(100)) {
      await play.workOff();
      const { deployments } = await fargate.describe();
      if (deployments!.every(({ rolloutState }) => rolloutState === "COMPLETED")) return;
      if (Date.now() > end) throw new Error("the deployment has not ended within 10 s");
    }
  };

  it("stays as it is without a policy, and the controller measures nothing", async () => {
    await register({});
    expect(await intervals()).to.deep.equal([null, null]);
    expect(await use(5, 100)).to.equal(2);
  });

  it("gets more tasks when their CPU is above the target, and no more than the target's greatest", async () => {
    await scaling.putScalingPolicy({
      ...{ ...target, PolicyName: "cpu", PolicyType: "TargetTrackingScaling" },
      TargetTrackingScalingPolicyConfiguration: {
        TargetValue: 60,
        PredefinedMetricSpecification: { PredefinedMetricType: "ECSServiceAverageCPUUtilization" },
        ...{ ScaleOutCooldown: 0, ScaleInCooldown: 0 },
      },
    });
    expect(await intervals()).to.deep.equal([4, 4]);
    const before = (await controlApi(api, "revision")).body.revision as number;
    expect(await use(3, 100)).to.equal(4);
    expect((await controlApi(api, "revision")).body.revision).to.be.above(before);
    await play.workOff();
    expect((await fargate.describe()).runningCount).to.equal(4);
    expect(await use(5, 100)).to.equal(4);
  });

  it("is not set back by a deployment, which scales in only when it has ended", async () => {
    const taskDefinition = await fargate.register();
    await fargate.ecs.updateService({ cluster: "app", service: "app", taskDefinition });
    expect(await use(20, 1)).to.equal(4);
    await settle();
    expect((await fargate.describe()).desiredCount).to.equal(4);
  });

  it("gets fewer when they have nothing to do, and no less than the target's least", async () => {
    expect(await use(1, 1)).to.equal(3);
    expect(await use(5, 1)).to.equal(2);
  });

  it("is brought between other limits at once", async () => {
    const desired = async () => (await fargate.describe()).desiredCount;
    await register({ MinCapacity: 4 });
    expect(await desired()).to.equal(4);
    await register({ MinCapacity: 1, MaxCapacity: 3 });
    expect(await desired()).to.equal(3);
    await register({ MinCapacity: 2 });
    expect(await desired()).to.equal(3);
    await settle();
  });

  it("stays as it is when the target has gone", async () => {
    await scaling.deregisterScalableTarget(target);
    expect(await use(5, 100)).to.equal(3);
    await play.workOff();
    expect(new Set(await intervals())).to.deep.equal(new Set([null]));
  });

  it("has no target and no policy once they have gone, as AWS says", async () => {
    const refusals = [
      scaling.deregisterScalableTarget(target),
      scaling.deleteScalingPolicy({ ...target, PolicyName: "other" }),
      scaling.listTagsForResource({ ResourceARN: "arn:other" }),
    ].map((call) => call.catch((error: Error) => error.name));
    expect(await Promise.all(refusals)).to.deep.equal([
      ...["ObjectNotFoundException", "ObjectNotFoundException", "ResourceNotFoundException"],
    ]);
  });

  it("has a target with tags, and with AWS's role for ECS", async () => {
    const { ScalableTargetARN: ResourceARN } = await register({ Tags: { a: "1", b: "2" } });
    await scaling.tagResource({ ResourceARN, Tags: { c: "4" } });
    await scaling.untagResource({ ResourceARN, TagKeys: ["a"] });
    await register({ MaxCapacity: 5 });
    const { Tags } = await scaling.listTagsForResource({ ResourceARN });
    expect(Tags).to.deep.equal({ b: "2", c: "4" });
    const { ScalableTargets } = await scaling.describeScalableTargets(target);
    expect(ScalableTargets).to.have.length(1);
    expect(ScalableTargets![0]).to.include({ MinCapacity: 2, MaxCapacity: 5 });
    expect(ScalableTargets![0]!.RoleARN).to.match(
      new RegExp(`^arn:aws:iam::${account}:role/aws-service-role/ecs\\.application-autoscaling`),
    );
  });
});
