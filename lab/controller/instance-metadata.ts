/** What the instance metadata service tells one instance: a tree of texts, by path. */
import type { Task } from "./control-api.ts";
import type { Instance } from "./observed-state.ts";

export interface Metadata {
  tokensRequired: boolean;
  /** Base64, as the API keeps it. */
  userData: string;
  /** Paths below /latest/, without a leading slash; directories follow from them. */
  tree: Record<string, string>;
}

/**
 * One instance's metadata, by its address. Fields: AWS, "Instance metadata categories".
 * `credentials` is the role's temporary credentials as IMDS words them (JSON), where it has a role.
 */
export function metadataOf(
  instance: Instance,
  region: string,
  credentials: string | undefined,
): [address: string, metadata: Metadata] {
  const { id, address, mac, publicIp, zone } = instance;
  const hostname = `ip-${address.replaceAll(".", "-")}.${region}.compute.internal`;
  const nic = `meta-data/network/interfaces/macs/${mac}`;
  const profile = instance.profileArn;
  const tree: Record<string, string | undefined> = {
    "meta-data/ami-id": instance.imageId,
    "meta-data/hostname": hostname,
    "meta-data/local-hostname": hostname,
    "meta-data/local-ipv4": address,
    "meta-data/public-ipv4": publicIp,
    "meta-data/instance-id": id,
    "meta-data/instance-type": instance.type,
    "meta-data/mac": mac,
    "meta-data/placement/availability-zone": zone,
    "meta-data/placement/region": region,
    "meta-data/services/domain": "amazonaws.com",
    "meta-data/services/partition": "aws",
    "meta-data/public-keys/0/openssh-key": instance.publicKey,
    "meta-data/iam/info":
      profile && JSON.stringify({ Code: "Success", InstanceProfileArn: profile }),
    [`meta-data/iam/security-credentials/${profile?.split("/").at(-1)}`]: credentials,
    [`${nic}/device-number`]: "0",
    [`${nic}/local-ipv4s`]: address,
    [`${nic}/public-ipv4s`]: publicIp,
    [`${nic}/mac`]: mac,
    [`${nic}/subnet-id`]: instance.subnetId,
    [`${nic}/vpc-id`]: instance.vpcId,
    [`${nic}/security-group-ids`]: instance.groupIds.join("\n"),
    "dynamic/instance-identity/document": JSON.stringify({
      version: "2017-09-30",
      instanceId: id,
      instanceType: instance.type,
      imageId: instance.imageId,
      privateIp: address,
      region,
      availabilityZone: zone,
    }),
  };
  return [
    address,
    {
      tokensRequired: instance.metadata.tokensRequired,
      userData: instance.userData,
      tree: Object.fromEntries(Object.entries(tree).filter(([, text]) => text)) as Record<
        string,
        string
      >,
    },
  ];
}

/** What 169.254.170.2 tells one task, by its address: the credentials of its role, at the path that its environment has. */
export function metadataOfTask(
  { address, credentialsPath }: Task,
  credentials: string | undefined,
): [address: string, metadata: Metadata] {
  const tree = credentialsPath && credentials ? { [credentialsPath]: credentials } : {};
  return [address, { tokensRequired: false, userData: "", tree }];
}
