/** What the policies of policies/ do not allow: to become an administrator, or to reach another stack. */
import { ACM } from "@aws-sdk/client-acm";
import * as ec2 from "@aws-sdk/client-ec2";
import { IAM } from "@aws-sdk/client-iam";
import { RDS } from "@aws-sdk/client-rds";
import { Route53 } from "@aws-sdk/client-route-53";
import { S3 } from "@aws-sdk/client-s3";
import { SSM } from "@aws-sdk/client-ssm";
import { STS } from "@aws-sdk/client-sts";
import { expect } from "chai";
import { builder } from "../../../lab/support/account.ts";
import type { ApiServer } from "../../../lab/support/api-server.ts";
import { useApi } from "../../support/api-environment.ts";
import { makeBoundary, makeRoleUser, type Principal } from "../../support/principals.ts";
import { statement } from "./contract/subject.ts";

const account = "123456789012";
const administrator = "arn:aws:iam::aws:policy/AdministratorAccess";
const everything = statement({ Action: "*", Resource: "*" });
const trust = (Principal: object) => statement({ Action: "sts:AssumeRole", Principal });
const ofMachines = trust({ Service: "ec2.amazonaws.com" });
const tags = (stack: string, Name = "x") =>
  Object.entries({ project: "flask-on-aws", stack, Name }).map(([Key, Value]) => ({ Key, Value }));

/** An account with a stack prod and a stack dev, as far as the calls below name them. */
async function makeAccount(api: ApiServer) {
  const { client } = api;
  const make = builder(api);
  const SubnetId = await make.subnet(await make.vpc("10.9.0.0/16"), "10.9.0.0/24");
  const iam = new IAM(client);
  const own = "flask-on-aws-dev-app-1a2b3c4";
  const [boundary] = await Promise.all([
    makeBoundary(api, { project: "flask-on-aws", stack: "dev" }),
    iam.createRole({ RoleName: "administrators", AssumeRolePolicyDocument: ofMachines }),
  ]);
  await iam.createRole({
    ...{ RoleName: own, AssumeRolePolicyDocument: ofMachines },
    PermissionsBoundary: boundary,
  });
  await iam.createInstanceProfile({ InstanceProfileName: own });
  await iam.createInstanceProfile({ InstanceProfileName: "administrators" });
  const profile = { InstanceProfileName: "administrators", RoleName: "administrators" };
  await iam.addRoleToInstanceProfile(profile);
  const cloud = new ec2.EC2(client);
  const machineOf = async (stack: string) => {
    const { Instances } = await cloud.runInstances({
      ...{ ImageId: "ami-0deb13a0d64000001", MinCount: 1, MaxCount: 1, SubnetId },
      TagSpecifications: [{ ResourceType: "instance", Tags: tags(stack) }],
    });
    return Instances![0]!.InstanceId!;
  };
  const s3 = new S3(client);
  const buckets = [
    "flask-on-aws-prod-backups-1a2b3c4",
    "flask-on-aws-dev-backups-1a2b3c4",
    "state",
  ];
  for (const Bucket of buckets) await s3.createBucket({ Bucket });
  const states = ["prod", "dev"].map((stack) => `.pulumi/stacks/flask-on-aws/${stack}.json`);
  for (const Key of states) await s3.putObject({ Bucket: "state", Key, Body: "{}" });
  const zone = await new Route53(client).createHostedZone({
    ...{ Name: "example.test", CallerReference: "1" },
  });
  const { CertificateArn: certificate } = await new ACM(client).requestCertificate({
    ...{ DomainName: "prod.example.test", Tags: tags("prod") },
  });
  return {
    ...{ own, boundary, certificate: certificate! },
    machines: { dev: await machineOf("dev"), prod: await machineOf("prod") },
    zone: zone.HostedZone!.Id!.split("/").at(-1)!,
  };
}

describe("Who has the policies of `up` for dev", function () {
  this.timeout(60_000);
  const lab = useApi();
  let made: Awaited<ReturnType<typeof makeAccount>>;
  let user: Principal;
  let options: { credentials: Principal["credentials"] };
  before(async () => {
    made = await makeAccount(lab.api);
    const places = { project: "flask-on-aws", stack: "dev", domain: "dev.example.test" };
    const state = { stateBucket: "state", zone: made.zone };
    user = await makeRoleUser(lab.api, "up", { ...places, ...state });
    options = { ...lab.api.client, credentials: user.credentials };
  });

  const outcome = (call: Promise<unknown>) =>
    call.then(
      () => "allowed",
      ({ message, name }: Error) => /perform: (\S+)/.exec(message)?.[1] ?? `${name}: ${message}`,
    );
  const iam = () => new IAM(options);
  const cloud = () => new ec2.EC2(options);
  const record = (Name: string) =>
    new Route53(options).changeResourceRecordSets({
      HostedZoneId: made.zone,
      ChangeBatch: {
        Changes: [
          {
            Action: "UPSERT",
            ResourceRecordSet: {
              Name,
              Type: "A",
              TTL: 60,
              ResourceRecords: [{ Value: "1.2.3.4" }],
            },
          },
        ],
      },
    });
  const run = (profile: string, stack: string) =>
    cloud().runInstances({
      ...{ ImageId: "ami-0deb13a0d64000001", MinCount: 1, MaxCount: 1 },
      IamInstanceProfile: { Name: profile },
      TagSpecifications: [
        { ResourceType: "instance", Tags: tags(stack) },
        { ResourceType: "volume", Tags: tags(stack) },
      ],
    });
  const role = "flask-on-aws-dev-app-new";
  const PolicyName = "own";

  const calls: [what: string, refusedAction: string, call: () => Promise<unknown>][] = [
    ["make a user", "iam:CreateUser", () => iam().createUser({ UserName: "mallory" })],
    ["make a key", "iam:CreateAccessKey", () => iam().createAccessKey({ UserName: "up-of-dev" })],
    [
      "attach AdministratorAccess to a role of the stack",
      "iam:AttachRolePolicy",
      () => iam().attachRolePolicy({ RoleName: made.own, PolicyArn: administrator }),
    ],
    [
      "attach it to itself",
      "iam:AttachUserPolicy",
      () => iam().attachUserPolicy({ UserName: "up-of-dev", PolicyArn: administrator }),
    ],
    [
      "make a role without the boundary",
      "iam:CreateRole",
      () => iam().createRole({ RoleName: role, AssumeRolePolicyDocument: ofMachines }),
    ],
    [
      "make a role with another boundary",
      "iam:CreateRole",
      () =>
        iam().createRole({
          ...{ RoleName: role, AssumeRolePolicyDocument: ofMachines },
          PermissionsBoundary: administrator,
        }),
    ],
    [
      "make a role of another name",
      "iam:CreateRole",
      () =>
        iam().createRole({
          ...{ RoleName: "mine", AssumeRolePolicyDocument: ofMachines },
          PermissionsBoundary: made.boundary,
        }),
    ],
    [
      "remove a role's boundary",
      "iam:DeleteRolePermissionsBoundary",
      () => iam().deleteRolePermissionsBoundary({ RoleName: made.own }),
    ],
    [
      "give a role another boundary",
      "iam:PutRolePermissionsBoundary",
      () =>
        iam().putRolePermissionsBoundary({
          ...{ RoleName: made.own, PermissionsBoundary: administrator },
        }),
    ],
    [
      "change the boundary's text",
      "iam:CreatePolicyVersion",
      () =>
        iam().createPolicyVersion({
          ...{ PolicyArn: made.boundary, PolicyDocument: everything, SetAsDefault: true },
        }),
    ],
    [
      "give a role without the boundary a policy",
      "iam:PutRolePolicy",
      () =>
        iam().putRolePolicy({ RoleName: "administrators", PolicyName, PolicyDocument: everything }),
    ],
    [
      "put another role into the stack's instance profile",
      "iam:PassRole",
      () =>
        iam().addRoleToInstanceProfile({
          ...{ InstanceProfileName: made.own, RoleName: "administrators" },
        }),
    ],
    ["start a machine with another role", "iam:PassRole", () => run("administrators", "dev")],
    [
      "take on another role",
      "sts:AssumeRole",
      () =>
        new STS(options).assumeRole({
          ...{ RoleArn: `arn:aws:iam::${account}:role/administrators`, RoleSessionName: "x" },
        }),
    ],
    [
      "make a service-linked role of another service",
      "iam:CreateServiceLinkedRole",
      () => iam().createServiceLinkedRole({ AWSServiceName: "autoscaling.amazonaws.com" }),
    ],
    [
      "read a secret of another stack in SSM",
      "ssm:GetParameter",
      () => new SSM(options).getParameter({ Name: "/flask-on-aws-prod/app/1/SECRET_KEY" }),
    ],
    [
      "read the state of another stack",
      "s3:GetObject",
      () =>
        new S3(options).getObject({
          ...{ Bucket: "state", Key: ".pulumi/stacks/flask-on-aws/prod.json" },
        }),
    ],
    [
      "write the state of another stack",
      "s3:PutObject",
      () =>
        new S3(options).putObject({
          ...{ Bucket: "state", Key: ".pulumi/stacks/flask-on-aws/prod.json", Body: "" },
        }),
    ],
    [
      "read a backup of its own stack",
      "s3:GetObject",
      () =>
        new S3(options).getObject({
          ...{ Bucket: "flask-on-aws-dev-backups-1a2b3c4", Key: "backups/1/dump" },
        }),
    ],
    [
      "open the bucket of another stack",
      "s3:PutBucketPolicy",
      () =>
        new S3(options).putBucketPolicy({
          ...{ Bucket: "flask-on-aws-prod-backups-1a2b3c4", Policy: everything },
        }),
    ],
    [
      "start a machine that has another stack's tags",
      "ec2:RunInstances",
      () => run(made.own, "prod"),
    ],
    [
      "stop a machine of another stack",
      "ec2:StopInstances",
      () => cloud().stopInstances({ InstanceIds: [made.machines.prod] }),
    ],
    [
      "stop it together with one of its own",
      "ec2:StopInstances",
      () => cloud().stopInstances({ InstanceIds: [made.machines.dev, made.machines.prod] }),
    ],
    [
      "give a machine of another stack its own tags",
      "ec2:CreateTags",
      () => cloud().createTags({ Resources: [made.machines.prod], Tags: tags("dev") }),
    ],
    [
      "delete the database of another stack",
      "rds:DeleteDBInstance",
      () =>
        new RDS(options).deleteDBInstance({ DBInstanceIdentifier: "flask-on-aws-prod-database1" }),
    ],
    [
      "begin its database with a snapshot of another stack",
      "rds:RestoreDBInstanceFromDBSnapshot",
      () =>
        new RDS(options).restoreDBInstanceFromDBSnapshot({
          DBInstanceIdentifier: "flask-on-aws-dev-database1",
          DBSnapshotIdentifier: "flask-on-aws-prod-database1-final",
        }),
    ],
    [
      "begin it with a retained backup",
      "rds:RestoreDBInstanceToPointInTime",
      () =>
        new RDS(options).restoreDBInstanceToPointInTime({
          TargetDBInstanceIdentifier: "flask-on-aws-dev-database1",
          ...{ SourceDbiResourceId: "db-PROD", UseLatestRestorableTime: true },
        }),
    ],
    [
      "give the certificate of another stack its own tags",
      "acm:AddTagsToCertificate",
      () =>
        new ACM(options).addTagsToCertificate({
          ...{ CertificateArn: made.certificate, Tags: tags("dev") },
        }),
    ],
    [
      "change another record of the zone",
      "route53:ChangeResourceRecordSets",
      () => record("prod.example.test"),
    ],
  ];
  for (const [what, action, call] of calls)
    it(`cannot ${what}`, async () => {
      expect(await outcome(call())).to.equal(action);
    });

  const permitted: [what: string, call: () => Promise<unknown>][] = [
    ["stop its own machine", () => cloud().stopInstances({ InstanceIds: [made.machines.dev] })],
    ["change the record of its domain", () => record("dev.example.test")],
    [
      "read its own state",
      () =>
        new S3(options).getObject({
          ...{ Bucket: "state", Key: ".pulumi/stacks/flask-on-aws/dev.json" },
        }),
    ],
    [
      "make a role within the boundary",
      () =>
        iam().createRole({
          ...{ RoleName: role, AssumeRolePolicyDocument: trust({ AWS: "*" }) },
          ...{ PermissionsBoundary: made.boundary, Tags: tags("dev") },
        }),
    ],
    [
      "give it all rights",
      () => iam().putRolePolicy({ RoleName: role, PolicyName, PolicyDocument: everything }),
    ],
  ];
  for (const [what, call] of permitted)
    it(`can ${what}`, async () => {
      expect(await outcome(call())).to.equal("allowed");
    });

  it("makes no role that can do more than the boundary allows, whatever its policy says", async () => {
    const { Credentials } = await new STS(lab.api.client).assumeRole({
      ...{ RoleArn: `arn:aws:iam::${account}:role/${role}`, RoleSessionName: "x" },
    });
    const { AccessKeyId = "", SecretAccessKey = "", SessionToken = "" } = Credentials!;
    const keys = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey };
    const as = { ...lab.api.client, credentials: { ...keys, sessionToken: SessionToken } };
    expect(await outcome(new IAM(as).createUser({ UserName: "mallory" }))).to.equal(
      "iam:CreateUser",
    );
    const rules = new ec2.EC2(as).describeSecurityGroupRules({});
    expect(await outcome(rules)).to.equal("allowed");
  });

  it("is not judged by half of a policy: a condition that the lab does not know refuses the call", async () => {
    await new IAM(lab.api.client).putUserPolicy({
      ...{ UserName: "up-of-dev", PolicyName: "unknown" },
      PolicyDocument: statement({
        ...{ Action: "ec2:DescribeVpcs", Resource: "*", Effect: "Deny" },
        Condition: { StringEquals: { "ec2:Tenancy": "dedicated" } },
      }),
    });
    expect(await outcome(cloud().describeVpcs({}))).to.include("the lab cannot judge this call");
  });
});
