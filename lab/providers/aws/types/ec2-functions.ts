/** EC2's functions that a program calls to look things up. */
import {
  type Filter,
  paginateDescribeInstances,
  type LocationType,
  type _InstanceType,
} from "@aws-sdk/client-ec2";
import type { GetEipsArgs, GetEipsResult } from "@pulumi/aws/ec2/getEips.js";
import type { GetInstanceArgs, GetInstanceResult } from "@pulumi/aws/ec2/getInstance.js";
import type { GetInstancesArgs, GetInstancesResult } from "@pulumi/aws/ec2/getInstances.js";
import type {
  GetInstanceTypeArgs,
  GetInstanceTypeResult,
} from "@pulumi/aws/ec2/getInstanceType.js";
import type {
  GetInstanceTypeOfferingsArgs,
  GetInstanceTypeOfferingsResult,
} from "@pulumi/aws/ec2/getInstanceTypeOfferings.js";
import type { GetSubnetArgs, GetSubnetResult } from "@pulumi/aws/ec2/getSubnet.js";
import type { GetSubnetsArgs, GetSubnetsResult } from "@pulumi/aws/ec2/getSubnets.js";
import type { GetVpcArgs, GetVpcResult } from "@pulumi/aws/ec2/getVpc.js";
import type { GetVpcsArgs, GetVpcsResult } from "@pulumi/aws/ec2/getVpcs.js";
import type {
  GetAvailabilityZonesArgs,
  GetAvailabilityZonesResult,
} from "@pulumi/aws/getAvailabilityZones.js";

import type { Context } from "../context.ts";
import { ec2 } from "./ec2.ts";
import { type InvokedFunction, known } from "./index.ts";

export const ec2Functions: Record<string, InvokedFunction> = {
  async "aws:index/getAvailabilityZones:getAvailabilityZones"(context, args) {
    const found = await ec2(context).describeAvailabilityZones(
      criteria(known<GetAvailabilityZonesArgs>(args, "filters")),
    );
    const zones = (found.AvailabilityZones ?? []).toSorted((a, b) =>
      a.ZoneName! < b.ZoneName! ? -1 : 1,
    );
    const result: Partial<GetAvailabilityZonesResult> = {
      id: context.region,
      names: zones.map((zone) => zone.ZoneName!),
      zoneIds: zones.map((zone) => zone.ZoneId!),
    };
    return { ...args, ...result };
  },

  async "aws:index/getRegions:getRegions"(context, args) {
    known(args);
    const { Regions = [] } = await ec2(context).describeRegions({});
    const names = Regions.map(({ RegionName }) => RegionName!).toSorted();
    return { ...args, id: "aws", names };
  },

  async "aws:ec2/getEips:getEips"(context, args) {
    const request = criteria(known<GetEipsArgs>(args, "filters", "tags"));
    const { Addresses = [] } = await ec2(context).describeAddresses(request);
    const result: Partial<GetEipsResult> = {
      id: context.region,
      allocationIds: Addresses.map(({ AllocationId }) => AllocationId!),
      publicIps: Addresses.map(({ PublicIp }) => PublicIp!),
    };
    return { ...args, ...result };
  },

  "aws:ec2/getInstance:getInstance": (context, args) =>
    getInstance(context, known<GetInstanceArgs>(args, "instanceId")),

  async "aws:ec2/getInstances:getInstances"(context, args) {
    const { instanceStateNames = ["running"], ...rest } = known<GetInstancesArgs>(
      args,
      ...(["filters", "instanceStateNames"] as const),
    );
    const Filters = [
      { Name: "instance-state-name", Values: instanceStateNames },
      ...(criteria(rest).Filters ?? []),
    ];
    const instances = await describeInstances(context, { Filters });
    const result: Partial<GetInstancesResult> = {
      id: context.region,
      ids: instances.map(({ InstanceId }) => InstanceId!),
      privateIps: instances.flatMap(({ PrivateIpAddress = [] }) => PrivateIpAddress),
      publicIps: instances.flatMap(({ PublicIpAddress = [] }) => PublicIpAddress),
    };
    return { ...args, ...result };
  },

  async "aws:ec2/getInstanceType:getInstanceType"(context, args) {
    const { instanceType } = known<GetInstanceTypeArgs>(args, "instanceType");
    const InstanceTypes = [instanceType as _InstanceType];
    const found = await ec2(context).describeInstanceTypes({ InstanceTypes });
    const result: Partial<GetInstanceTypeResult> = {
      id: instanceType,
      instanceType,
      defaultVcpus: found.InstanceTypes![0]!.VCpuInfo!.DefaultVCpus!,
      memorySize: found.InstanceTypes![0]!.MemoryInfo!.SizeInMiB!,
    };
    return result;
  },

  async "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings"(context, args) {
    const { locationType, ...rest } = known<GetInstanceTypeOfferingsArgs>(
      args,
      ...(["filters", "locationType"] as const),
    );
    const LocationType = locationType as LocationType | undefined;
    const { InstanceTypeOfferings = [] } = await ec2(context).describeInstanceTypeOfferings({
      ...criteria(rest),
      LocationType,
    });
    const result: Partial<GetInstanceTypeOfferingsResult> = {
      id: context.region,
      instanceTypes: InstanceTypeOfferings.map(({ InstanceType }) => InstanceType!),
      locationTypes: InstanceTypeOfferings.map(({ LocationType }) => LocationType!),
      locations: InstanceTypeOfferings.map(({ Location }) => Location!),
    };
    return { ...args, ...result };
  },

  async "aws:ec2/getSubnet:getSubnet"(context, args) {
    const { id } = known<GetSubnetArgs>(args, "id");
    const { Subnets = [] } = await ec2(context).describeSubnets({ SubnetIds: [id!] });
    const subnet = Subnets[0]!;
    const result: Partial<GetSubnetResult> = {
      id: id!,
      availabilityZone: subnet.AvailabilityZone!,
      availabilityZoneId: subnet.AvailabilityZoneId!,
      cidrBlock: subnet.CidrBlock!,
      vpcId: subnet.VpcId!,
    };
    return result;
  },

  async "aws:ec2/getSubnets:getSubnets"(context, args) {
    const request = criteria(known<GetSubnetsArgs>(args, "filters", "tags"));
    const { Subnets = [] } = await ec2(context).describeSubnets(request);
    const ids = Subnets.map(({ SubnetId }) => SubnetId!);
    const result: Partial<GetSubnetsResult> = { id: context.region, ids };
    return { ...args, ...result };
  },

  async "aws:ec2/getVpc:getVpc"(context, args) {
    const { id } = known<GetVpcArgs>(args, "id");
    const { Vpcs = [] } = await ec2(context).describeVpcs({ VpcIds: [id!] });
    const vpc = Vpcs[0]!;
    const result: Partial<GetVpcResult> = {
      id: id!,
      cidrBlock: vpc.CidrBlock!,
      default: vpc.IsDefault!,
      ownerId: vpc.OwnerId!,
    };
    return result;
  },

  async "aws:ec2/getVpcs:getVpcs"(context, args) {
    const request = criteria(known<GetVpcsArgs>(args, "filters", "tags"));
    const { Vpcs = [] } = await ec2(context).describeVpcs(request);
    const ids = Vpcs.map(({ VpcId }) => VpcId!);
    const result: Partial<GetVpcsResult> = { id: context.region, ids };
    return { ...args, ...result };
  },
};

async function getInstance(context: Context, { instanceId }: GetInstanceArgs) {
  const [instance] = await describeInstances(context, { InstanceIds: [instanceId!] });
  if (!instance) throw new Error(`reading EC2 Instance (${instanceId}): couldn't find resource`);
  const result: Partial<GetInstanceResult> = {
    id: instanceId!,
    instanceType: instance.InstanceType!,
    availabilityZone: instance.Placement!.AvailabilityZone!,
    subnetId: instance.SubnetId!,
  };
  return { instanceId, ...result };
}

async function describeInstances(
  context: Context,
  request: { Filters?: Filter[]; InstanceIds?: string[] },
) {
  const instances = [];
  for await (const page of paginateDescribeInstances({ client: ec2(context) }, request))
    instances.push(...(page.Reservations ?? []).flatMap(({ Instances = [] }) => Instances));
  return instances;
}

/** Filters and tags as EC2 wants them; it refuses an empty list. */
function criteria({
  filters = [],
  tags = {},
}: {
  filters?: readonly { name: string; values: string[] }[];
  tags?: Record<string, string>;
}): { Filters?: Filter[] } {
  const Filters = [
    ...filters.map(({ name, values }) => ({ Name: name, Values: values })),
    ...Object.entries(tags).map(([key, value]) => ({ Name: `tag:${key}`, Values: [value] })),
  ];
  return Filters.length > 0 ? { Filters } : {};
}
