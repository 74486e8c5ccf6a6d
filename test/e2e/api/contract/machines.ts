import { ref, statement, type Subject, subject } from "./subject.ts";

const assumedBy = (service: string): string =>
  statement({ Action: "sts:AssumeRole", Principal: { Service: `${service}.amazonaws.com` } });
const spread = (json: string): string => JSON.stringify(JSON.parse(json), undefined, 4);
const boundary = (name: string): string => `arn:aws:iam::123456789012:policy/${name}`;

const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7n3zZ5B5JwT8eDqGtwTw3tZbU7Qn0qQ5cU5n3m3YzF";
const otherKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB0Ww8ljr5rUYiJZ6b4Hn7hWQ2o8mW1r9u3Q4zvQyJ1K";

const machine = {
  ami: "ami-0deb13a0d64000001",
  instanceType: "t3.micro",
  subnetId: ref("near"),
  vpcSecurityGroupIds: [ref("open")],
};
const metadata = { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 };
const root = { volumeType: "gp3", volumeSize: 16, encrypted: true };
/** Instances and what belongs to them; in the network. */
export const machines: Subject[] = [
  subject("ec2/keyPair", "aws_key_pair", "used", { keyName: "used", publicKey: key }),
  subject("ec2/keyPair", "aws_key_pair", "leaf", { keyName: "leaf", publicKey: key }, [
    { publicKey: `${key} comment`, tags: { Name: "leaf" } },
    { publicKey: otherKey },
    { keyName: "leaf-too" },
  ]),
  ...["app", "test"].map((name) =>
    subject("iam/role", "aws_iam_role", name, { name, assumeRolePolicy: assumedBy("ec2") }),
  ),
  subject(
    "iam/role",
    "aws_iam_role",
    "leaf",
    {
      ...{ name: "leaf", assumeRolePolicy: assumedBy("ec2"), description: "first" },
      permissionsBoundary: boundary("first"),
    },
    [
      {
        ...{ assumeRolePolicy: spread(assumedBy("ec2")), description: "second" },
        permissionsBoundary: boundary("second"),
      },
      {
        ...{ assumeRolePolicy: assumedBy("lambda"), description: undefined },
        ...{ permissionsBoundary: undefined, tags: { Name: "leaf" } },
      },
      { name: "leaf-too" },
    ],
  ),
  subject(
    "iam/rolePolicy",
    "aws_iam_role_policy",
    "leaf",
    {
      name: "leaf",
      role: ref("app"),
      policy: statement({ Action: "s3:GetObject", Resource: "*" }),
    },
    [
      { policy: statement({ Action: ["s3:GetObject", "s3:PutObject"], Resource: "*" }) },
      { role: ref("test") },
      { name: "leaf-too" },
    ],
  ),
  subject("cloudwatch/logGroup", "aws_cloudwatch_log_group", "flows", { name: "flows" }),
  subject(
    "cloudwatch/logGroup",
    "aws_cloudwatch_log_group",
    "leaf",
    { name: "leaf", retentionInDays: 30 },
    [
      { retentionInDays: 7, tags: { Name: "leaf" } },
      { retentionInDays: undefined },
      { name: "leaf-too" },
    ],
  ),
  subject(
    "ec2/flowLog",
    "aws_flow_log",
    "leaf",
    {
      vpcId: ref("main"),
      trafficType: "ALL",
      logDestination: ref("flows", "arn"),
      iamRoleArn: ref("app", "arn"),
    },
    [
      { trafficType: "REJECT", tags: { Name: "leaf" } },
      { iamRoleArn: ref("test", "arn"), logDestinationType: "cloud-watch-logs" },
      { maxAggregationInterval: 60 },
    ],
  ),
  subject("iam/instanceProfile", "aws_iam_instance_profile", "used", {
    name: "used",
    role: ref("test", "name"),
  }),
  subject(
    "iam/instanceProfile",
    "aws_iam_instance_profile",
    "leaf",
    { name: "leaf", role: ref("app", "name") },
    [{ role: ref("test", "name") }, { tags: { Name: "leaf" } }, { name: "leaf-too" }],
  ),
  subject("ec2/instance", "aws_instance", "running", machine, [
    {
      instanceType: "t3.small",
      vpcSecurityGroupIds: [ref("open"), ref("closed")],
      iamInstanceProfile: ref("used"),
      metadataOptions: metadata,
      creditSpecification: { cpuCredits: "standard" },
      tags: { Name: "running" },
    },
    {
      vpcSecurityGroupIds: [ref("closed"), ref("open")],
      metadataOptions: { ...metadata, httpPutResponseHopLimit: 2 },
      creditSpecification: { cpuCredits: "unlimited" },
    },
    { iamInstanceProfile: undefined, metadataOptions: undefined },
  ]),
  subject(
    "ec2/instance",
    "aws_instance",
    "like-the-program",
    {
      ...machine,
      keyName: ref("used"),
      userData: "#cloud-config\n",
      userDataReplaceOnChange: true,
      metadataOptions: metadata,
      creditSpecification: { cpuCredits: "unlimited" },
      rootBlockDevice: root,
    },
    [
      {
        creditSpecification: undefined,
        rootBlockDevice: { ...root, volumeSize: 20 },
        keyName: undefined,
      },
      { userDataReplaceOnChange: false },
      { rootBlockDevice: { volumeSize: 20 } },
    ],
  ),
  subject(
    "ec2/instance",
    "aws_instance",
    "leaf",
    { ...machine, userData: "first", userDataReplaceOnChange: true, rootBlockDevice: root },
    [
      { userData: "second", metadataOptions: metadata },
      { rootBlockDevice: { ...root, encrypted: false } },
      { subnetId: ref("zone-b"), keyName: ref("used") },
    ],
  ),
  // The API fails when user data is changed.
  subject(
    "ec2/instance",
    "aws_instance",
    "planned",
    { ...machine, userData: "first" },
    [{ userData: "second" }, { iamInstanceProfile: ref("used") }],
    { plannedOnly: true },
  ),
  subject(
    "ec2/eipAssociation",
    "aws_eip_association",
    "leaf",
    { allocationId: ref("moved"), instanceId: ref("running") },
    [{}, { instanceId: ref("like-the-program") }],
    { after: "gate" },
  ),
];
