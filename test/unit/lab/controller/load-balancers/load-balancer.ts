import type { LoadBalancer, TargetGroup } from "../../../../../lab/controller/control-api.ts";

const arn = "arn:aws:elasticloadbalancing:us-west-2:123456789012";

export const group: TargetGroup = {
  id: `${arn}:targetgroup/dev-app/73e2d6bc24d8a067`,
  healthCheck: {
    ...{ path: "/login", matcher: "200-299,302" },
    ...{ interval: 10, timeout: 5, healthy: 3, unhealthy: 2 },
  },
  targets: [],
};

/** A group like `group` with these targets; a name with a minus before it is draining. */
export function groupOf(...names: string[]): TargetGroup {
  const targets = names.map((name) => {
    const [address, port] = name.replace("-", "").split(":");
    return { address: address!, port: Number(port), draining: name.startsWith("-") };
  });
  return { ...group, targets };
}

/** HTTP that is redirected to HTTPS, and HTTPS to a target group. */
export const loadBalancer: LoadBalancer = {
  id: `${arn}:loadbalancer/app/dev-app/50dc6c495c0c9188`,
  vpcId: "vpc-1",
  groupIds: [],
  idleTimeout: 60,
  interfaces: [],
  listeners: [
    {
      ...{ port: 80, protocol: "HTTP", certificateArn: null, targetGroup: null },
      redirect: { port: 443, protocol: "HTTPS", status: 301 },
    },
    {
      ...{ port: 443, protocol: "HTTPS", certificateArn: "arn:aws:acm:1", redirect: null },
      targetGroup: group.id,
    },
  ],
  targetGroups: [group],
};
