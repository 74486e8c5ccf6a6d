import type { Instance as Found, RunInstancesRequest, VolumeType } from "@aws-sdk/client-ec2";
import type { InstanceState } from "@pulumi/aws/ec2/instance.js";
import type { KeyPairState } from "@pulumi/aws/ec2/keyPair.js";

import type { Context } from "../context.ts";
import { ifFound } from "../errors.ts";
import { type Plain, replace, resource, tagList, update } from "../resource.ts";
import { sameFields, sameSet } from "../values.ts";
import { ec2, retag, tagged } from "./ec2.ts";

const trimmed = (key: unknown): string => String(key).trim();

const keyPair = resource<Plain<KeyPairState>>({
  token: "aws:ec2/keyPair:KeyPair",
  inputs: {
    keyName: replace({ computed: true }),
    publicKey: replace({ writeOnly: true, same: (have, want) => trimmed(have) === trimmed(want) }),
  },
  outputs: ["keyPairId", "keyType"],
  autoname: { property: "keyName", maxLength: 255, separator: "-" },
  retag: (context, _, tags, { keyPairId }) => retag(context, keyPairId ?? "", tags),
  async create(context, { KeyName, PublicKey, Tags }) {
    const request = tagged("key-pair", { KeyName, Tags });
    const PublicKeyMaterial = Buffer.from(PublicKey ?? "");
    return (await ec2(context).importKeyPair({ ...request, PublicKeyMaterial })).KeyName;
  },
  find: async (context, id) =>
    (await ec2(context).describeKeyPairs({ KeyNames: [id] })).KeyPairs?.[0],
  delete: (context, KeyName) => ec2(context).deleteKeyPair({ KeyName }),
});

type Instance = Plain<InstanceState>;

async function find(context: Context, id: string): Promise<Found | undefined> {
  const found = await ifFound(ec2(context).describeInstances({ InstanceIds: [id] }));
  const instance = found?.Reservations?.[0]?.Instances?.[0];
  return instance?.State?.Name === "terminated" ? undefined : instance;
}

/** The limits are the real provider's: 10 min to start or stop, 20 min to end. */
async function waitUntil(context: Context, id: string, to: string, via: RegExp): Promise<void> {
  const limit = to === "terminated" ? 1200 : 600;
  const probe = async () => (await find(context, id))?.State?.Name ?? "terminated";
  await context.waitFor({ thing: `EC2 instance ${id}`, via, to, limit }, probe);
}

/** The root volume under the names of `rootBlockDevice`, with a capital. */
async function findRoot(context: Context, { RootDeviceName, BlockDeviceMappings }: Found) {
  const root = BlockDeviceMappings?.find(({ DeviceName }) => DeviceName === RootDeviceName)?.Ebs;
  if (!root?.VolumeId) return undefined;
  const { Volumes } = await ec2(context).describeVolumes({ VolumeIds: [root.VolumeId] });
  const { Encrypted, Size, VolumeId, VolumeType } = Volumes![0]!;
  return { Encrypted, VolumeId, VolumeSize: Size, VolumeType };
}

/** The real provider asks for those of the families that have credits: for another one AWS's answer is an error. */
async function findCredits(context: Context, InstanceId: string, { InstanceType: type }: Found) {
  if (!type?.startsWith("t")) return undefined;
  const request = { InstanceIds: [InstanceId] };
  const found = await ec2(context).describeInstanceCreditSpecifications(request);
  return { CpuCredits: found.InstanceCreditSpecifications?.[0]?.CpuCredits };
}

async function rootDevice(context: Context, ImageId = ""): Promise<string | undefined> {
  const { Images } = await ec2(context).describeImages({ ImageIds: [ImageId] });
  return Images?.[0]?.RootDeviceName;
}

async function setProfile(context: Context, InstanceId: string, Name: string | undefined) {
  const Filters = [{ Name: "instance-id", Values: [InstanceId] }];
  const found = await ec2(context).describeIamInstanceProfileAssociations({ Filters });
  const AssociationId = found.IamInstanceProfileAssociations?.[0]?.AssociationId;
  const IamInstanceProfile = { Name };
  if (AssociationId)
    await ec2(context).replaceIamInstanceProfileAssociation({ AssociationId, IamInstanceProfile });
  else await ec2(context).associateIamInstanceProfile({ InstanceId, IamInstanceProfile });
}

type Root = { VolumeSize?: number; VolumeType?: VolumeType };

const instance = resource<Instance>({
  token: "aws:ec2/instance:Instance",
  inputs: {
    ami: replace({ computed: true, aws: "ImageId" }),
    instanceType: update({ computed: true }),
    subnetId: replace({ computed: true }),
    vpcSecurityGroupIds: update({ computed: true, same: sameSet, aws: "SecurityGroupIds" }),
    keyName: replace({ computed: true }),
    iamInstanceProfile: update({ computed: true }),
    creditSpecification: update({ computed: true, same: sameFields, fields: ["cpuCredits"] }),
    userData: update({ computed: true, replaces: (_, inputs) => !!inputs.userDataReplaceOnChange }),
    userDataReplaceOnChange: update({ default: false, local: true }),
    metadataOptions: update({
      computed: true,
      same: sameFields,
      fields: ["httpEndpoint", "httpPutResponseHopLimit", "httpTokens"],
    }),
    rootBlockDevice: update({
      computed: true,
      same: sameFields,
      fields: ["encrypted", "volumeSize", "volumeType"],
      replaces: ({ rootBlockDevice: have }, { rootBlockDevice: want }) =>
        want?.encrypted !== undefined && want.encrypted !== have?.encrypted,
    }),
  },
  outputs: ["instanceState", "privateIp", "publicIp"],
  retag,
  async create(context, { RootBlockDevice: root, Tags, ...inputs }, { ami, userData }) {
    const { Encrypted, VolumeSize, VolumeType } = root ?? {};
    const DeviceName = root && (await rootDevice(context, ami));
    const Ebs = { DeleteOnTermination: true, Encrypted, VolumeSize, VolumeType };
    const volumeTags = tagged("volume", { Tags: tagList(context.defaultTags) });
    const { TagSpecifications = [], ...request } = tagged("instance", { ...inputs, Tags });
    const { Instances } = await ec2(context).runInstances({
      ...request,
      TagSpecifications: [...TagSpecifications, ...(volumeTags.TagSpecifications ?? [])],
      MinCount: 1,
      MaxCount: 1,
      IamInstanceProfile: { Name: inputs.IamInstanceProfile },
      ...(userData ? { UserData: Buffer.from(userData).toString("base64") } : {}),
      ...(root ? { BlockDeviceMappings: [{ DeviceName, Ebs }] } : {}),
    } as RunInstancesRequest);
    return Instances?.[0]?.InstanceId;
  },
  complete: (context, id) => waitUntil(context, id, "running", /pending/),
  async find(context, id) {
    const found = await find(context, id);
    if (!found) return undefined;
    const attribute = { InstanceId: id, Attribute: "userData" } as const;
    const { UserData } = await ec2(context).describeInstanceAttribute(attribute);
    return {
      ...found,
      CreditSpecification: await findCredits(context, id, found),
      IamInstanceProfile: found.IamInstanceProfile?.Arn?.split("/").at(-1),
      InstanceState: found.State?.Name,
      PrivateIp: found.PrivateIpAddress,
      PublicIp: found.PublicIpAddress,
      RootBlockDevice: await findRoot(context, found),
      SecurityGroupIds: found.SecurityGroups?.map(({ GroupId }) => GroupId),
      UserData: Buffer.from(UserData?.Value ?? "", "base64").toString(),
    };
  },
  async update(context, { id: InstanceId, olds, news, changes }) {
    const api = ec2(context);
    if ("IamInstanceProfile" in changes)
      await setProfile(context, InstanceId, changes.IamInstanceProfile as string);
    if ("SecurityGroupIds" in changes) await setGroups(context, InstanceId, news);
    if (changes.MetadataOptions)
      await api.modifyInstanceMetadataOptions({
        InstanceId,
        ...(changes.MetadataOptions as object),
      });
    if (changes.CreditSpecification) {
      const { CpuCredits } = changes.CreditSpecification as { CpuCredits: string };
      await api.modifyInstanceCreditSpecification({
        InstanceCreditSpecifications: [{ InstanceId, CpuCredits }],
      });
    }
    if (changes.RootBlockDevice) {
      const { VolumeSize: Size, VolumeType } = changes.RootBlockDevice as Root;
      await api.modifyVolume({ VolumeId: olds.rootBlockDevice?.volumeId, Size, VolumeType });
    }
    const { InstanceType, UserData } = changes;
    const whileStopped = [
      ...(InstanceType ? [{ InstanceType: { Value: InstanceType } }] : []),
      ...(UserData ? [{ UserData: { Value: Buffer.from(UserData) } }] : []),
    ];
    if (whileStopped.length === 0) return;
    await api.stopInstances({ InstanceIds: [InstanceId] });
    await waitUntil(context, InstanceId, "stopped", /pending|running|shutting-down|stopping/);
    // AWS takes one attribute a call, and these from a stopped instance only.
    for (const attribute of whileStopped)
      await api.modifyInstanceAttribute({ InstanceId, ...attribute });
    await api.startInstances({ InstanceIds: [InstanceId] });
    await waitUntil(context, InstanceId, "running", /pending|stopped/);
  },
  async delete(context, id) {
    await ec2(context).terminateInstances({ InstanceIds: [id] });
    await waitUntil(context, id, "terminated", /./);
  },
});

/** Through the interface, as the real provider does: an instance with two of them takes it no other way. */
async function setGroups(context: Context, id: string, { vpcSecurityGroupIds }: Instance) {
  const interfaces = (await find(context, id))?.NetworkInterfaces;
  const primary = interfaces?.find(({ Attachment }) => Attachment?.DeviceIndex === 0);
  await ec2(context).modifyNetworkInterfaceAttribute({
    NetworkInterfaceId: primary?.NetworkInterfaceId,
    Groups: vpcSecurityGroupIds,
  });
}

export const types = [keyPair, instance];
