/** Tasks whose number follows their load: what the program registers for them. */
import { expect } from "chai";
import { healthCheckGracePeriod } from "../../compute/tasks/timings.ts";
import type { Calls } from "./mocks.ts";
import { program, upstream, type Program } from "./program.ts";

const [target, policy] = ["aws:appautoscaling/target:Target", "aws:appautoscaling/policy:Policy"];
const [service, remote] = ["aws:ecs/service:Service", "command:remote:Command"];
const calls: Calls = {
  "aws:route53/getZone:getZone": () => ({ zoneId: "Z1" }),
  "aws:route53/getRecords:getRecords": () => ({ resourceRecordSets: [] }),
};
const withTasks = (appTasks: number, appTasksMax: number) =>
  program({ domain: "app.example.com", appTasks, appTasksMax }, calls);

describe("Tasks between appTasks and appTasksMax", function () {
  this.timeout(60_000);
  let scaled: Program;
  let fixed: Program;
  before(async () => {
    scaled = await withTasks(2, 4);
    fixed = await withTasks(2, 0);
  });
  const step = (of: Program, name: string) => of.one(remote, `-release-${name}`);

  it("are scaled by AWS between the two, on the average of their CPU", () => {
    const resourceId = "service/flask-on-aws-dev/app";
    const ofService = { serviceNamespace: "ecs", scalableDimension: "ecs:service:DesiredCount" };
    expect(scaled.one(target).inputs).to.deep.equal({
      ...{ ...ofService, resourceId, minCapacity: 2, maxCapacity: 4 },
      tags: { Name: "flask-on-aws-dev-tasks" },
    });
    expect(scaled.one(policy).inputs).to.deep.equal({
      ...{ ...ofService, resourceId, name: "flask-on-aws-dev-tasks-cpu" },
      policyType: "TargetTrackingScaling",
      targetTrackingScalingPolicyConfiguration: {
        predefinedMetricSpecification: { predefinedMetricType: "ECSServiceAverageCPUUtilization" },
        ...{ targetValue: 60, scaleOutCooldown: 120, scaleInCooldown: 300 },
      },
    });
  });

  it("are not added again before those of the last scale-out can serve", () => {
    const { scaleOutCooldown } = scaled.one(policy).inputs.targetTrackingScalingPolicyConfiguration;
    expect(scaleOutCooldown).to.be.at.least(healthCheckGracePeriod);
  });

  it("begin with the least number, which no update sets again", () => {
    const { inputs, ignoreChanges } = scaled.one(service);
    expect(inputs.desiredCount).to.equal(2);
    expect(ignoreChanges).to.deep.equal(["taskDefinition", "desiredCount"]);
  });

  it("are brought between changed limits by serve-tasks.sh, once AWS knows these", async () => {
    expect(step(scaled, "serve-tasks").inputs.create).to.match(/ '900' '2' '4'$/);
    const before = upstream(scaled, `${remote} flask-on-aws-dev-release-serve-tasks`);
    expect(before).to.include.members([`${target} flask-on-aws-dev-tasks`]);
    expect(before).to.include.members([`${policy} flask-on-aws-dev-tasks`]);
    const triggers = (of: Program, name: string) => step(of, name).inputs.triggers as unknown;
    for (const [least, most] of [
      [1, 4],
      [2, 3],
      [2, 0],
    ] as const) {
      const other = await withTasks(least, most);
      expect(triggers(other, "serve-tasks")).to.not.deep.equal(triggers(scaled, "serve-tasks"));
      for (const name of ["deploy", "push", "write-stack.env"])
        expect(triggers(other, name), name).to.deep.equal(triggers(scaled, name));
    }
  });

  it("get their fixed number once scaling has ended, which may have changed it until then", () => {
    const { inputs, deletedWith } = step(scaled, "end-scaling");
    expect(inputs).to.deep.include({
      ...{ create: "true", delete: "/opt/flask-on-aws/bin/end-scaling.sh" },
    });
    expect(inputs.triggers).to.equal(undefined);
    expect(deletedWith, "needs no machine if all go").to.equal(`${service} flask-on-aws-dev-tasks`);
    const end = `${remote} flask-on-aws-dev-release-end-scaling`;
    expect(upstream(scaled, `${target} flask-on-aws-dev-tasks`), "ends before it").to.include(end);
    expect(upstream(scaled, end), "is there after it").to.include(
      `${service} flask-on-aws-dev-tasks`,
    );
  });

  it("are a fixed number with appTasksMax 0, or the same as appTasks", async () => {
    for (const each of [fixed, await withTasks(2, 2)]) {
      for (const { type, name } of each.resources) {
        expect(type, name).to.not.match(/appautoscaling|:Scaling$/);
        expect(name).to.not.match(/end-scaling/);
      }
      expect(each.one(service).ignoreChanges).to.deep.equal(["taskDefinition"]);
      expect(step(each, "serve-tasks").inputs.create).to.match(/ '900' '2' '2'$/);
    }
  });

  it("give the app server no right that it has not with a fixed number", () => {
    const rights = (of: Program) =>
      of.all("aws:iam/rolePolicy:RolePolicy").map(({ inputs }) => inputs.policy as string);
    expect(rights(scaled)).to.have.members(rights(fixed));
  });
});
