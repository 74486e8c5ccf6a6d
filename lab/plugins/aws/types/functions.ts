/** Functions that a program calls to look things up. */
import { SSM } from "@aws-sdk/client-ssm";
import type { GetAvailabilityZonesArgs } from "@pulumi/aws/getAvailabilityZones.js";
import type { GetParameterArgs } from "@pulumi/aws/ssm/getParameter.js";

import type { Properties } from "../values.ts";
import { ec2 } from "./ec2.ts";
import type { InvokedFunction } from "./index.ts";

export const functions: Record<string, InvokedFunction> = {
  async "aws:index/getAvailabilityZones:getAvailabilityZones"(context, args) {
    const { filters = [] } = known<GetAvailabilityZonesArgs>(args, "filters");
    const Filters = filters.map(({ name, values }) => ({ Name: name, Values: values }));
    const { AvailabilityZones = [] } = await ec2(context).describeAvailabilityZones({ Filters });
    const zones = AvailabilityZones.toSorted((a, b) => (a.ZoneName! < b.ZoneName! ? -1 : 1));
    return {
      ...args,
      id: context.region,
      names: zones.map((zone) => zone.ZoneName),
      zoneIds: zones.map((zone) => zone.ZoneId),
    };
  },

  async "aws:ssm/getParameter:getParameter"(context, args) {
    const { name } = known<GetParameterArgs>(args, "name");
    const found = (await context.client(SSM).getParameter({ Name: name })).Parameter;
    const { Type: type, Value: value, Version: version } = found ?? {};
    return { ...args, id: name, type, value, version, insecureValue: value };
  },
};

/** The arguments, of which none may be one that the stand-in would ignore. */
function known<T>(args: Properties, argument: keyof T & string): T {
  const other = Object.keys(args).find((name) => name !== argument);
  if (other === undefined) return args as T;
  throw new Error(`the lab's stand-in for the aws plugin does not know the argument '${other}'`);
}
