import { ACM } from "@aws-sdk/client-acm";
import { expect } from "chai";
import { type ApiServer, startApi } from "../../../lab/support/api-server.ts";
import { makeFargate, makeNetwork, type Network } from "../../support/fargate.ts";

type Fargate = Awaited<ReturnType<typeof makeFargate>>;

interface Account extends Network, Fargate {
  readonly acm: ACM;
  readonly definitionArn: string;
  /** In a VPC without an internet gateway, in zones a and b. */
  readonly far: string[];
  readonly farGroup: string;
  readonly pending: string;
}

type Row = [what: string, code: string, says: string, call: (x: Account) => Promise<unknown>];

const sized = (cpu: string | undefined, memory: string) => (x: Account) =>
  x.ecs.registerTaskDefinition({ ...x.definition(), cpu, memory });
const withoutRole = (container: object) => (x: Account) =>
  x.ecs.registerTaskDefinition({
    ...x.definition({ secrets: [], logConfiguration: undefined, image: "app:1", ...container }),
    executionRoleArn: undefined,
  });
const placed = (subnets: (x: Account) => string[], group: (x: Account) => string) => (x: Account) =>
  x.ecs.createService({
    ...x.service(x.definitionArn),
    networkConfiguration: {
      awsvpcConfiguration: { subnets: subnets(x), securityGroups: [group(x)] },
    },
  });
const balanced = (more: object) => (x: Account) =>
  x.elb.createLoadBalancer({ Name: "second", Subnets: x.publicSubnets, ...more });
const listener = (x: Account, more: object) =>
  x.elb.createListener({
    ...{ LoadBalancerArn: x.balancer.LoadBalancerArn, Port: 443, Protocol: "HTTPS" },
    ...{ DefaultActions: [{ Type: "forward", TargetGroupArn: x.targetGroup }], ...more },
  });

const tasks: Row[] = [
  [
    "a size that Fargate lacks",
    "ClientException",
    "No Fargate configuration",
    sized("256", "4096"),
  ],
  ["vCPUs that Fargate lacks", "ClientException", "No Fargate configuration", sized("300", "512")],
  ["a task without a size", "ClientException", "'cpu' be defined", sized(undefined, "512")],
  [
    "secrets without an execution role",
    "ClientException",
    "'executionRoleArn'",
    withoutRole({ secrets: [{ name: "A", valueFrom: "a" }] }),
  ],
  [
    "an image in ECR without an execution role",
    "ClientException",
    "ECR images",
    withoutRole({ image: "1.dkr.ecr.us-west-2.amazonaws.com/app" }),
  ],
  [
    "logs without an execution role",
    "ClientException",
    "log driver awslogs",
    withoutRole({ logConfiguration: { logDriver: "awslogs", options: {} } }),
  ],
  [
    "a stop timeout of 121 s",
    "ClientException",
    "less than or equal to 120",
    (x) => x.ecs.registerTaskDefinition(x.definition({ stopTimeout: 121 })),
  ],
  [
    "a service in subnets of two VPCs",
    "InvalidParameterException",
    "same VPC",
    placed(
      (x) => [x.privateSubnets[0]!, x.far[0]!],
      (x) => x.group,
    ),
  ],
  [
    "a service with a group of another VPC",
    "InvalidParameterException",
    "does not appear to belong to the same VPC",
    placed(
      (x) => x.privateSubnets,
      (x) => x.farGroup,
    ),
  ],
  [
    "a service without a network",
    "InvalidParameterException",
    "Network Configuration must be provided",
    (x) => x.ecs.createService({ ...x.service(x.definitionArn), networkConfiguration: undefined }),
  ],
  [
    "a port that the container does not have",
    "InvalidParameterException",
    "did not have a container port 80",
    (x) =>
      x.ecs.createService({
        ...x.service(x.definitionArn),
        loadBalancers: [{ targetGroupArn: x.targetGroup, containerName: "app", containerPort: 80 }],
      }),
  ],
  [
    "a target group that no listener uses",
    "InvalidParameterException",
    "does not have an associated load balancer",
    async (x) => {
      const { TargetGroups } = await x.elb.createTargetGroup({
        ...{ Name: "unused", Port: 80, Protocol: "HTTP", TargetType: "ip", VpcId: x.vpc },
      });
      const targetGroupArn = TargetGroups![0]!.TargetGroupArn!;
      return x.ecs.createService({
        ...x.service(x.definitionArn),
        loadBalancers: [{ targetGroupArn, containerName: "app", containerPort: 5000 }],
      });
    },
  ],
  [
    "a second service of the same name",
    "InvalidParameterException",
    "not idempotent",
    async (x) => {
      const named = { ...x.service(x.definitionArn), serviceName: "twice" };
      await x.ecs.createService(named);
      return x.ecs.createService(named);
    },
  ],
];

const balancers: Row[] = [
  [
    "a load balancer in one zone",
    "InvalidConfigurationRequest",
    "two different Availability Zones",
    (x) => balanced({ Subnets: [x.publicSubnets[0]] })(x),
  ],
  [
    "a load balancer with two subnets of a zone",
    "InvalidConfigurationRequest",
    "same Availability Zone",
    (x) => balanced({ Subnets: [...x.publicSubnets, x.privateSubnets[0]] })(x),
  ],
  [
    "a load balancer without an internet gateway",
    "InvalidSubnet",
    "has no internet gateway",
    (x) => balanced({ Subnets: x.far })(x),
  ],
  [
    "a load balancer with a group of another VPC",
    "InvalidConfigurationRequest",
    "security groups are invalid",
    (x) => balanced({ SecurityGroups: [x.farGroup] })(x),
  ],
  [
    "a second load balancer of a name",
    "DuplicateLoadBalancerName",
    "app",
    balanced({ Name: "app" }),
  ],
  [
    "a second listener on a port",
    "DuplicateListener",
    "already exists",
    (x) => listener(x, { Port: 80, Protocol: "HTTP" }),
  ],
  ["HTTPS without a certificate", "ValidationError", "certificate", (x) => listener(x, {})],
  [
    "a certificate that is not issued",
    "UnsupportedCertificate",
    "fully-qualified domain name",
    (x) => listener(x, { Certificates: [{ CertificateArn: x.pending }] }),
  ],
  [
    "a certificate that does not exist",
    "CertificateNotFound",
    "not found",
    (x) => listener(x, { Certificates: [{ CertificateArn: `${x.pending}0` }] }),
  ],
  [
    "the deletion of a target group in use",
    "ResourceInUse",
    "currently in use",
    (x) => x.elb.deleteTargetGroup({ TargetGroupArn: x.targetGroup }),
  ],
  [
    "the deletion of a protected load balancer",
    "OperationNotPermitted",
    "deletion protection",
    async (x) => {
      const { LoadBalancerArn } = x.balancer;
      const protect = (Value: string) =>
        x.elb.modifyLoadBalancerAttributes({
          ...{ LoadBalancerArn, Attributes: [{ Key: "deletion_protection.enabled", Value }] },
        });
      await protect("true");
      return x.elb.deleteLoadBalancer({ LoadBalancerArn }).finally(() => protect("false"));
    },
  ],
];

describe("The lab's API", function () {
  this.timeout(60_000);
  let api: ApiServer;
  let account: Account;
  before(async () => {
    api = await startApi();
    const network = await makeNetwork(api);
    const fargate = await makeFargate(api, network);
    const acm = new ACM(api.client);
    const { CertificateArn } = await acm.requestCertificate({ DomainName: "a.example.test" });
    const { make } = network;
    const vpc = await make.vpc("10.1.0.0/16");
    account = {
      ...{ ...network, ...fargate, acm, pending: CertificateArn! },
      definitionArn: await fargate.register(),
      far: [await make.subnet(vpc, "10.1.0.0/24", "a"), await make.subnet(vpc, "10.1.1.0/24", "b")],
      farGroup: await make.group(vpc, "far"),
    };
  });
  after(() => api?.stop());

  for (const [what, code, says, call] of [...tasks, ...balancers]) {
    it(`refuses ${what} with ${code}`, async () => {
      const error = await call(account).then(
        () => undefined,
        (reason: Error & { Code?: string }) => reason,
      );
      expect(error, "the call was accepted").to.be.instanceOf(Error);
      // The SDK adds Exception to some of the codes.
      expect(error!.name.replace(/Exception$/, "")).to.equal(code.replace(/Exception$/, ""));
      expect(error!.message).to.include(says);
    });
  }
});
