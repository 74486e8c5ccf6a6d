import * as ec2 from "@aws-sdk/client-ec2";
import * as s3 from "@aws-sdk/client-s3";
import type { Account, Row } from "./account.ts";

const run = (x: Account, more: Partial<ec2.RunInstancesCommandInput>) => x.make.instance(x.a, more);
const putPolicy = (x: Account, Policy: string) =>
  x.buckets.send(new s3.PutBucketPolicyCommand({ Bucket: "site", Policy }));
const publicPolicy = {
  Version: "2012-10-17",
  Statement: [
    { Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::site/*" },
  ],
};

export const instances: Row[] = [
  [
    "a reserved address",
    "InvalidParameterValue",
    "10.0.0.1",
    (x) => run(x, { PrivateIpAddress: "10.0.0.1" }),
  ],
  [
    "an address outside the subnet",
    "InvalidParameterValue",
    "10.0.1.10",
    (x) => run(x, { PrivateIpAddress: "10.0.1.10" }),
  ],
  [
    "user data over 16 KB",
    "InvalidParameterValue",
    "16384",
    (x) => run(x, { UserData: Buffer.alloc(16385, "#").toString("base64") }),
  ],
  [
    "a change to user data over 16 KB",
    "InvalidParameterValue",
    "16385 were given",
    (x) => {
      const input = { InstanceId: x.instance, UserData: { Value: Buffer.alloc(16385, "#") } };
      return x.make.cloud.send(new ec2.ModifyInstanceAttributeCommand(input));
    },
  ],
  [
    "a metadata hop limit of 100",
    "InvalidParameterValue",
    "100",
    (x) => run(x, { MetadataOptions: { HttpPutResponseHopLimit: 100 } }),
  ],
  [
    "a change to a metadata hop limit of 100",
    "InvalidParameterValue",
    "100",
    (x) => {
      const input = { InstanceId: x.instance, HttpPutResponseHopLimit: 100 };
      return x.make.cloud.send(new ec2.ModifyInstanceMetadataOptionsCommand(input));
    },
  ],
  [
    "volume type gp9",
    "UnknownVolumeType",
    "gp9",
    (x) => {
      const Ebs = { VolumeSize: 8, VolumeType: "gp9" as "gp3" };
      return run(x, { BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs }] });
    },
  ],
  [
    "an instance with another VPC's security group",
    "InvalidParameter",
    (x) => x.farGroup,
    (x) => run(x, { SecurityGroupIds: [x.farGroup] }),
  ],
  [
    "a change to another VPC's security group",
    "InvalidParameter",
    (x) => x.farGroup,
    (x) => {
      const input = { InstanceId: x.instance, Groups: [x.farGroup] };
      return x.make.cloud.send(new ec2.ModifyInstanceAttributeCommand(input));
    },
  ],
  ...[
    { what: "type", change: { InstanceType: { Value: "t3.small" } } },
    { what: "type by attribute", change: { Attribute: "instanceType", Value: "t3.small" } },
    { what: "user data", change: { UserData: { Value: Buffer.from("#!/bin/sh") } } },
  ].map(({ what, change }): Row => [
    `a change of a running instance's ${what}`,
    "IncorrectInstanceState",
    (x) => x.instance,
    (x) => {
      const input = { InstanceId: x.instance, ...(change as object) };
      return x.make.cloud.send(new ec2.ModifyInstanceAttributeCommand(input));
    },
  ]),
];

export const buckets: Row[] = [
  ...["Bad_Name", "10.0.0.1", "a..b"].map((Bucket): Row => [
    `a bucket named ${Bucket}`,
    "InvalidBucketName",
    Bucket,
    (x) => x.buckets.send(new s3.CreateBucketCommand({ Bucket })),
  ]),
  [
    "a bucket whose name exists already",
    "BucketAlreadyOwnedByYou",
    "previous request",
    (x) => x.buckets.send(new s3.CreateBucketCommand({ Bucket: "site" })),
  ],
  [
    "a bucket policy that is not JSON",
    "MalformedPolicy",
    "valid JSON",
    (x) => putPolicy(x, "{nonsense"),
  ],
  [
    "a public policy where public policies are blocked",
    "AccessDenied",
    "BlockPublicPolicy",
    (x) => putPolicy(x, JSON.stringify(publicPolicy)),
  ],
];
