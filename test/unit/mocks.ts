import * as pulumi from "@pulumi/pulumi";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb.js";
import { getMonitor } from "@pulumi/pulumi/runtime/settings.js";

/** A resource as the program registered it. */
export interface Registered {
  readonly type: string;
  readonly name: string;
  /** Secrets are replaced by their values. */
  readonly inputs: Record<string, any>;
  /** Names of the inputs that are secrets or contain one. */
  readonly secretInputs: string[];
  readonly parent: string;
  /** The resources that it depends on, explicitly or by an input, as "type name". */
  readonly dependencies: string[];
  readonly ignoreChanges: string[];
  readonly secretOutputs: string[];
  /** The resource whose deletion makes its own unnecessary, as "type name"; undefined if there is none. */
  readonly deletedWith: string | undefined;
  /** Whether the engine refuses to delete it. */
  readonly protect: boolean;
  /** Reference of an explicit provider, or "". */
  readonly provider: string;
}

const publicKeyOf = (name: string) => `ssh-ed25519 PUBLIC+${name}`;

function printed(name: string, create: string): string {
  if (create.startsWith("openssl")) return `secret-of-${name}`;
  if (create.includes("first-contact")) return publicKeyOf(name);
  return `${publicKeyOf(name)} \n-----BEGIN KEY-----\n${name}\n-----END KEY-----`;
}

/** What the step push prints. */
const pushed = {
  image: "123456789012.dkr.ecr.us-west-2.amazonaws.com/tasks@sha256:0a1b",
  commit: "c0ffee",
  processes: [
    { name: "mailer", entryPoint: ["sh", "-c"], command: ["exec python mail.py"], environment: [] },
  ],
  environment: 7,
  variables: ["DB_PASS", "SECRET_KEY"],
};

/** Outputs that AWS, or a command, would add to the inputs. Types that are missing here are refused. */
const computed: Record<string, (args: pulumi.runtime.MockResourceArgs) => object> = {
  "aws:acm/certificate:Certificate": ({ inputs }) => ({
    arn: `arn:aws:acm:us-west-2:123456789012:certificate/of-${inputs.domainName}`,
    domainValidationOptions: [
      {
        domainName: inputs.domainName,
        resourceRecordName: `_1.${inputs.domainName}.`,
        resourceRecordType: "CNAME",
        resourceRecordValue: "_2.acm-validations.aws.",
      },
    ],
  }),
  "aws:acm/certificateValidation:CertificateValidation": () => ({}),
  "aws:appautoscaling/policy:Policy": () => ({}),
  "aws:appautoscaling/target:Target": () => ({}),
  "aws:cloudwatch/logGroup:LogGroup": ({ name }) => ({ name, arn: `arn:aws:logs:::${name}` }),
  "aws:cloudwatch/metricAlarm:MetricAlarm": () => ({}),
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": () => ({}),
  "aws:ec2/eip:Eip": () => ({ publicIp: "198.18.0.64" }),
  "aws:ec2/eipAssociation:EipAssociation": () => ({}),
  "aws:ec2/flowLog:FlowLog": () => ({}),
  "aws:ec2/instance:Instance": () => ({ privateIp: "10.0.1.10" }),
  "aws:ec2/internetGateway:InternetGateway": () => ({}),
  "aws:ec2/keyPair:KeyPair": ({ name }) => ({ keyName: `${name}-1234567` }),
  "aws:ec2/natGateway:NatGateway": () => ({}),
  "aws:ec2/route:Route": () => ({}),
  "aws:ec2/routeTable:RouteTable": () => ({}),
  "aws:ec2/routeTableAssociation:RouteTableAssociation": () => ({}),
  "aws:ec2/securityGroup:SecurityGroup": () => ({}),
  "aws:ec2/subnet:Subnet": () => ({}),
  "aws:ec2/vpc:Vpc": () => ({ ownerId: "123456789012" }),
  "aws:ec2/vpcEndpoint:VpcEndpoint": () => ({}),
  "aws:ecr/lifecyclePolicy:LifecyclePolicy": () => ({}),
  "aws:ecr/repository:Repository": ({ name }) => ({
    name: `${name}-1234567`,
    arn: `arn:aws:ecr:us-west-2:123456789012:repository/${name}-1234567`,
    registryId: "123456789012",
    repositoryUrl: `123456789012.dkr.ecr.us-west-2.amazonaws.com/${name}-1234567`,
  }),
  "aws:ecs/cluster:Cluster": ({ inputs }) => ({
    arn: `arn:aws:ecs:us-west-2:123456789012:cluster/${inputs.name}`,
  }),
  "aws:ecs/service:Service": () => ({}),
  "aws:ecs/taskDefinition:TaskDefinition": ({ inputs }) => ({
    arn: `arn:aws:ecs:us-west-2:123456789012:task-definition/${inputs.family}:1`,
  }),
  "aws:iam/instanceProfile:InstanceProfile": ({ name }) => ({ name: `${name}-1234567` }),
  "aws:iam/role:Role": ({ name }) => ({ name: `${name}-1234567`, arn: `arn:aws:iam:::${name}` }),
  "aws:iam/rolePolicy:RolePolicy": () => ({}),
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": () => ({}),
  "aws:lb/listener:Listener": () => ({}),
  "aws:lb/loadBalancer:LoadBalancer": ({ inputs }) => ({
    arn: `arn:aws:elasticloadbalancing:::loadbalancer/app/${inputs.name}`,
    dnsName: `${inputs.name}-1.us-west-2.elb.amazonaws.com`,
    zoneId: "Z1H1FL5HABSF5",
  }),
  "aws:lb/targetGroup:TargetGroup": ({ inputs }) => ({
    arn: `arn:aws:elasticloadbalancing:::targetgroup/${inputs.name}`,
  }),
  "aws:rds/instance:Instance": ({ name }) => ({
    ...{ identifier: `${name}-1234567`, address: "db.example", port: 3306 },
  }),
  "aws:rds/parameterGroup:ParameterGroup": ({ name }) => ({ name: `${name}-1234567` }),
  "aws:rds/subnetGroup:SubnetGroup": ({ name }) => ({ name: `${name}-1234567` }),
  "aws:route53/healthCheck:HealthCheck": () => ({}),
  "aws:route53/record:Record": ({ inputs }) => ({ fqdn: inputs.name }),
  "aws:s3/bucket:Bucket": ({ name }) => ({ arn: `arn:aws:s3:::${name}` }),
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": () => ({}),
  "aws:s3/bucketObjectv2:BucketObjectv2": () => ({}),
  "aws:s3/bucketPolicy:BucketPolicy": () => ({}),
  "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": () => ({}),
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": () => ({}),
  "aws:s3/bucketReplicationConfig:BucketReplicationConfig": () => ({}),
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration":
    () => ({}),
  "aws:s3/bucketVersioning:BucketVersioning": () => ({}),
  "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration": ({ inputs }) => ({
    websiteEndpoint: `${inputs.bucket}.s3-website.example`,
  }),
  "aws:sns/topic:Topic": ({ name }) => ({ arn: `arn:aws:sns:::${name}` }),
  "aws:sns/topicPolicy:TopicPolicy": () => ({}),
  "aws:sns/topicSubscription:TopicSubscription": () => ({}),
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": () => ({}),
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": () => ({}),
  "command:local:Command": ({ name, inputs }) => ({ stdout: printed(name, inputs.create) }),
  "command:remote:Command": ({ name }) => ({
    stdout: name.endsWith("-push") ? `${JSON.stringify(pushed)}\n` : `output of ${name}`,
    stderr: "",
  }),
  "pulumi:providers:aws": () => ({}),
};

/** Answers to the functions that the program calls, by token. */
export type Calls = Record<string, (inputs: Record<string, any>) => Record<string, unknown>>;

/** The answers of an empty account with AWS's default quotas. */
const invokes: Calls = {
  "aws:index/getAvailabilityZones:getAvailabilityZones": () => ({
    names: ["us-west-2c", "us-west-2b", "us-west-2a"],
    zoneIds: ["usw2-az3", "usw2-az1", "usw2-az2"],
  }),
  "aws:index/getRegions:getRegions": () => ({ names: ["us-west-2", "us-east-2", "eu-west-1"] }),
  "aws:index/getCallerIdentity:getCallerIdentity": () => ({ accountId: "123456789012" }),
  "aws:ec2/getEips:getEips": () => ({ allocationIds: [] }),
  "aws:ec2/getInstances:getInstances": () => ({ ids: [] }),
  "aws:ec2/getInstanceType:getInstanceType": () => ({ defaultVcpus: 2 }),
  "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": () => ({
    locations: ["us-west-2a", "us-west-2b", "us-west-2c"],
  }),
  "aws:ec2/getSubnets:getSubnets": () => ({ ids: [] }),
  "aws:ec2/getVpcs:getVpcs": () => ({ ids: [] }),
  "aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider": ({ arn }) => ({
    arn,
    clientIdLists: ["sts.amazonaws.com"],
  }),
  "aws:servicequotas/getServiceQuota:getServiceQuota": () => ({ value: 5 }),
  // The account has no public access block.
  "aws:s3/getAccountPublicAccessBlock:getAccountPublicAccessBlock": () => {
    throw new Error(
      "reading S3 Account Public Access Block (123456789012): couldn't find resource",
    );
  },
  // A release is running, so the program does not report a first release.
  "aws:s3/getObjects:getObjects": ({ prefix }) => ({ keys: [prefix] }),
  "aws:s3/getObject:getObject": () => ({
    body: JSON.stringify({ image: "another", since: "2026-01-02T00:00:00Z", rolledBack: [] }),
  }),
  "aws:ssm/getParameter:getParameter": ({ name }) => ({
    name,
    insecureValue: "ami-of-debian-13",
  }),
};

type Register = (request: RegisterResourceRequest, callback: unknown) => never;

const secretMark = pulumi.runtime.specialSigKey;

/** A deserialised value, with secrets replaced by what they hold. */
function withoutMarks(value: any): any {
  if (Array.isArray(value)) return value.map(withoutMarks);
  if (value === null || typeof value !== "object") return value;
  if (secretMark in value) return withoutMarks(value.value);
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, withoutMarks(inner)]),
  );
}

/**
 * Runs `build` as a stack's program, under mocks that refuse unknown types and calls. `calls` override the default
 * answers.
 *
 * @returns the result of `build`, and all registered resources.
 */
export async function registrations<T>(
  build: () => T | Promise<T>,
  stack = "dev",
  calls: Calls = {},
): Promise<{ result: T; resources: Registered[] }> {
  let failure: Error | undefined;
  const refuse = (what: string): never => {
    failure = new Error(`not mocked: ${what}`);
    throw failure;
  };
  await pulumi.runtime.setMocks(
    {
      newResource: (args) => {
        if (args.custom === false) return { id: undefined, state: {} };
        const outputs = computed[args.type] ?? (() => refuse(args.type));
        return { id: `${args.name}-id`, state: { ...args.inputs, ...outputs(args) } };
      },
      call: ({ token, inputs }) =>
        (calls[token] ?? invokes[token] ?? (() => refuse(token)))(inputs),
    },
    "flask-on-aws",
    stack,
    false,
  );

  const resources: Registered[] = [];
  const nameOf = (urn: string) => urn.split("::").at(-1)!;
  const keyOf = (urn: string) => `${urn.split("::").at(-2)!.split("$").at(-1)} ${nameOf(urn)}`;
  // Mocks do not receive a resource's options, so they are read from the request.
  const monitor = getMonitor()!;
  const register = monitor.registerResource.bind(monitor) as Register;
  const recordAndRegister: Register = (request, callback) => {
    const inputs = pulumi.runtime.deserializeProperties(request.getObject()!, true);
    resources.push({
      type: request.getType(),
      name: request.getName(),
      inputs: withoutMarks(inputs),
      secretInputs: Object.keys(inputs).filter((key) =>
        JSON.stringify(inputs[key]).includes(secretMark),
      ),
      parent: nameOf(request.getParent()),
      dependencies: request.getDependenciesList().map(keyOf),
      ignoreChanges: request.getIgnorechangesList(),
      secretOutputs: request.getAdditionalsecretoutputsList(),
      deletedWith: request.getDeletedwith() ? keyOf(request.getDeletedwith()) : undefined,
      protect: request.getProtect() ?? false,
      provider: request.getProvider(),
    });
    return register(request, callback);
  };
  monitor.registerResource = recordAndRegister;

  const result = await build();
  await pulumi.runtime.disconnect();
  if (failure) throw failure;
  return { result, resources };
}

/** The value of an output, unwrapped, and whether it is a secret. */
export async function valueOf<T>(output: pulumi.Output<T>): Promise<{ value: T; secret: boolean }> {
  const secret = await pulumi.isSecret(output);
  const value = await new Promise<T>((resolve) => pulumi.unsecret(output).apply(resolve as never));
  return { value, secret };
}
