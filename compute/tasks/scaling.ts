import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { TaskCount } from "./plan.ts";
import { healthCheckGracePeriod } from "./timings.ts";

/**
 * Percent of the tasks' CPU, on average, that scaling keeps to. A new task serves some minutes after the load has grown: AWS
 * waits for three minutes above it, and the task has to start. Until then the others have room for two thirds more requests.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-autoscaling-targettracking.html
 */
export const targetCpu = 60;

/**
 * Seconds from one scale-out to the next: a task has to start, and lower the average, before that says whether more are needed.
 */
export const scaleOutCooldown = healthCheckGracePeriod;

/** Seconds from one scale-in to the next: AWS's default. Load that ends for a short time finds the tasks still there. */
export const scaleInCooldown = 300;

/** Arguments of {@link Scaling}. */
export interface ScalingArgs extends TaskCount {
  readonly clusterName: pulumi.Input<string>;
  readonly serviceName: pulumi.Input<string>;
  /** What must be there as long as the number of tasks changes by itself. */
  readonly after: readonly pulumi.Resource[];
}

/**
 * Has Application Auto Scaling change the number of a service's tasks, between two limits, with the average of their CPU. It
 * costs nothing but the tasks.
 */
export class Scaling extends pulumi.ComponentResource {
  constructor(name: string, args: ScalingArgs, opts?: pulumi.ComponentResourceOptions) {
    super("flask-on-aws:compute:Scaling", name, {}, opts);
    const target = new aws.appautoscaling.Target(
      name,
      {
        serviceNamespace: "ecs",
        scalableDimension: "ecs:service:DesiredCount",
        resourceId: pulumi.interpolate`service/${args.clusterName}/${args.serviceName}`,
        minCapacity: args.least,
        maxCapacity: args.most,
        tags: { Name: name },
      },
      { parent: this, dependsOn: [...args.after] },
    );
    new aws.appautoscaling.Policy(
      name,
      {
        name: `${name}-cpu`,
        policyType: "TargetTrackingScaling",
        serviceNamespace: target.serviceNamespace,
        scalableDimension: target.scalableDimension,
        resourceId: target.resourceId,
        targetTrackingScalingPolicyConfiguration: {
          predefinedMetricSpecification: {
            predefinedMetricType: "ECSServiceAverageCPUUtilization",
          },
          targetValue: targetCpu,
          scaleOutCooldown,
          scaleInCooldown,
        },
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
