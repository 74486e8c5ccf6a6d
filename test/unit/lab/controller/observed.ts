import type { ObservedState, Instance } from "../../../../lab/controller/observed-state.ts";

const anywhere = { protocol: "-1", from: -1, to: -1, cidrs: ["0.0.0.0/0"], groupIds: [] };

export function instance(
  id: string,
  subnetId: string,
  address: string,
  more: Partial<Instance> = {},
): Instance {
  return {
    id,
    name: "",
    state: "running",
    rebooting: false,
    vpcId: "vpc-1",
    subnetId,
    zone: "us-west-2a",
    address,
    mac: "02:00:00:00:00:01",
    publicIp: undefined,
    groupIds: ["sg-app"],
    type: "t3.micro",
    memoryMiB: 1024,
    imageId: "ami-1",
    keyName: undefined,
    publicKey: undefined,
    userData: "",
    metadata: { tokensRequired: true, hopLimit: 1, enabled: true },
    profileArn: undefined,
    ...more,
  };
}

/** One VPC with an internet gateway, a NAT gateway, and one instance in a public and one in a private subnet. */
export function observed(): ObservedState {
  return {
    vpcs: [{ id: "vpc-1", cidr: "10.0.0.0/16" }],
    subnets: [
      { id: "subnet-public", vpcId: "vpc-1", cidr: "10.0.0.0/24" },
      { id: "subnet-private", vpcId: "vpc-1", cidr: "10.0.1.0/24" },
    ],
    internetGateways: [{ id: "igw-1", vpcId: "vpc-1" }],
    natGateways: [{ id: "nat-1", subnetId: "subnet-public", publicIp: "198.18.0.64" }],
    routeTables: [
      {
        id: "rtb-main",
        vpcId: "vpc-1",
        main: true,
        subnetIds: [],
        routes: [{ cidr: "10.0.0.0/16", target: "local" }],
      },
      {
        id: "rtb-public",
        vpcId: "vpc-1",
        main: false,
        subnetIds: ["subnet-public"],
        routes: [
          { cidr: "0.0.0.0/0", target: "igw-1" },
          { cidr: "10.0.0.0/16", target: "local" },
        ],
      },
      {
        id: "rtb-private",
        vpcId: "vpc-1",
        main: false,
        subnetIds: ["subnet-private"],
        routes: [
          { cidr: "10.0.0.0/16", target: "local" },
          { cidr: "0.0.0.0/0", target: "nat-1" },
        ],
      },
    ],
    securityGroups: [
      {
        id: "sg-app",
        vpcId: "vpc-1",
        ingress: [{ protocol: "tcp", from: 5085, to: 5085, cidrs: ["0.0.0.0/0"], groupIds: [] }],
        egress: [anywhere],
      },
      {
        id: "sg-test",
        vpcId: "vpc-1",
        ingress: [{ protocol: "tcp", from: 22, to: 22, cidrs: [], groupIds: ["sg-app"] }],
        egress: [],
      },
    ],
    instances: [
      instance("i-00000000000000001", "subnet-public", "10.0.0.10", { publicIp: "198.18.0.65" }),
      instance("i-00000000000000002", "subnet-private", "10.0.1.10", { groupIds: ["sg-test"] }),
    ],
    databases: [],
    snapshots: [],
    loadBalancers: [],
    tasks: [],
    dns: { zones: [], records: [] },
  };
}

export const loadBalancer: ObservedState["loadBalancers"][number] = {
  id: "arn:aws:elasticloadbalancing:us-west-2:123456789012:loadbalancer/app/dev-app/50dc6c495c0c9188",
  vpcId: "vpc-1",
  groupIds: ["sg-app"],
  idleTimeout: 60,
  interfaces: [
    {
      subnetId: "subnet-public",
      address: "10.0.0.20",
      mac: "02:00:00:00:00:20",
      publicIp: "198.18.0.70",
    },
    { subnetId: "subnet-private", address: "10.0.1.21", mac: "02:00:00:00:00:21", publicIp: null },
  ],
  listeners: [],
  targetGroups: [],
};

export const task: ObservedState["tasks"][number] = {
  id: "0123456789abcdef0123456789abcdef",
  desiredStatus: "RUNNING",
  lastStatus: "PENDING",
  image: "123456789012.dkr.ecr.us-west-2.amazonaws.com/dev-app:1",
  entryPoint: null,
  command: null,
  environment: {},
  problem: null,
  vpcId: "vpc-1",
  subnetId: "subnet-private",
  address: "10.0.1.30",
  mac: "02:00:00:00:00:30",
  groupIds: ["sg-test"],
  cpu: 256,
  memoryMiB: 512,
  stopTimeout: 30,
  logGroup: null,
  logStream: null,
  credentialsPath: null,
  usageInterval: null,
};
