/** A stack's network for the tests of its picture. */
import type { StackNetwork } from "../../tools/stack-network.ts";

const subnet = { zone: "us-west-2a", cidr: "10.0.0.0/24", routes: ["0.0.0.0/0 → gateway"] };
const machine = { type: "t3.micro", state: "running", publicIp: undefined } as const;
export const network: StackNetwork = {
  vpc: { id: "vpc-1", name: "vpc", cidr: "10.0.0.0/16" },
  internetGateway: "igw-1",
  subnets: [
    { ...subnet, id: "subnet-1", name: "public-us-west-2a", public: true },
    { ...subnet, id: "subnet-2", name: "private-us-west-2a", public: false, cidr: "10.0.1.0/24" },
  ],
  nats: [{ id: "nat-1", name: "nat", subnetId: "subnet-1", publicIp: "1.2.3.4", state: "pending" }],
  machines: [
    {
      ...machine,
      id: "i-app",
      name: "app-machine",
      subnetId: "subnet-1",
      address: "10.0.0.4",
      publicIp: "1.2.3.5",
      groups: ["app"],
    },
    {
      ...machine,
      id: "i-test",
      name: "test",
      subnetId: "subnet-2",
      address: "10.0.1.5",
      state: "stopped",
      groups: ["test"],
    },
  ],
  databases: [
    {
      id: "db",
      name: 'data"base',
      subnetId: "subnet-2",
      port: 3306,
      state: "available",
      groups: ["database"],
    },
  ],
  balancers: [],
  tasks: [],
  groups: [
    { id: "sg-1", name: "app", rules: ["in: tcp 80 from 0.0.0.0/0", "out: all to 0.0.0.0/0"] },
    { id: "sg-2", name: "default", rules: [] },
  ],
};
/** The same with two tasks behind a load balancer, of which the second one starts. */
export const networkWithTasks: StackNetwork = {
  ...network,
  balancers: [
    {
      ...{ id: "arn:lb", name: "tasks-0a1b", state: "active", groups: ["balancer"] },
      ...{ listeners: ["HTTP 80", "HTTPS 443"], subnets: ["public-us-west-2a"] },
      targets: [
        { address: "10.0.1.7", port: 5005, health: "healthy" },
        { address: "10.0.1.8", port: 5005, health: "initial" },
        { address: "10.0.1.9", port: 5005, health: "draining" },
      ],
    },
  ],
  tasks: [7, 8].map((number) => ({
    ...{ id: `arn:task/${number}`, name: `task ${number}`, subnetId: "subnet-2" },
    ...{ address: `10.0.1.${number}`, state: "RUNNING", groups: ["tasks"] },
  })),
};
export const reached = {
  "external client": { "app server": "80 443", "test server": "none", database: "none" },
  "app server": { database: "3306", "external client": "all ping" },
  "test server": { "app server": "80" },
};
