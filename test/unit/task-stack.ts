/** A stack with tasks on ECS, for the unit tests. */
import { balancerName } from "../../compute/tasks/names.ts";
import type { Calls } from "./mocks.ts";
import { program } from "./program.ts";

export const domain = "app.example.com";

/** An account with the domain's zone, and a record of the domain that leads there. */
export function account(leadsTo?: "app server" | "load balancer"): Calls {
  const name = `${balancerName("flask-on-aws-dev-tasks")}-1.us-west-2.elb.amazonaws.com`;
  const set =
    leadsTo === "app server"
      ? { type: "A", resourceRecords: [{ value: "203.0.113.7" }] }
      : { type: "A", resourceRecords: [], aliasTarget: { dnsName: `${name}.` } };
  return {
    "aws:route53/getZone:getZone": () => ({ zoneId: "Z1" }),
    "aws:route53/getRecords:getRecords": () => ({ resourceRecordSets: leadsTo ? [set] : [] }),
    "aws:ec2/getEips:getEips": () => ({ publicIps: ["203.0.113.7"], allocationIds: [] }),
  };
}

/** The program with three tasks. */
export const withTasks = (settings: Record<string, unknown> = {}, calls = account()) =>
  program({ appTasks: 3, domain, ...settings }, calls);
