import { expect } from "chai";
import { task } from "./observed.ts";
import type { Instance } from "../../../../lab/controller/observed-state.ts";
import { metadataOf, metadataOfTask } from "../../../../lab/controller/instance-metadata.ts";

const instance: Instance = {
  id: "i-00000000000000001",
  name: "app",
  state: "running",
  rebooting: false,
  vpcId: "vpc-1",
  subnetId: "subnet-1",
  zone: "us-west-2a",
  address: "10.0.0.10",
  mac: "02:00:00:00:00:01",
  publicIp: "198.18.0.64",
  groupIds: ["sg-1", "sg-2"],
  type: "t3.micro",
  memoryMiB: 1024,
  imageId: "ami-1",
  keyName: "key",
  publicKey: "ssh-ed25519 AAAA",
  userData: "I2Nsb3VkLWNvbmZpZwo=",
  metadata: { tokensRequired: true, hopLimit: 1, enabled: true },
  profileArn: "arn:aws:iam::123456789012:instance-profile/path/app",
};

describe("Instance metadata", () => {
  it("describes the instance at its private address", () => {
    const [address, metadata] = metadataOf(instance, "us-west-2", undefined);
    expect(address).to.equal("10.0.0.10");
    expect(metadata.tokensRequired).to.equal(true);
    expect(metadata.tree).to.include({
      "meta-data/local-hostname": "ip-10-0-0-10.us-west-2.compute.internal",
      "meta-data/public-ipv4": "198.18.0.64",
      "meta-data/public-keys/0/openssh-key": "ssh-ed25519 AAAA",
      "meta-data/network/interfaces/macs/02:00:00:00:00:01/security-group-ids": "sg-1\nsg-2",
    });
  });

  it("omits values that do not exist, because cloud-init reads every listed value", () => {
    const bare = { ...instance, publicIp: undefined, publicKey: undefined, profileArn: undefined };
    const paths = Object.keys(metadataOf(bare, "us-west-2", undefined)[1].tree);
    expect(paths.filter((path) => /public-ipv4|public-keys|iam\//.test(path))).to.deep.equal([]);
  });

  it("contains a role's credentials under the name of the instance profile", () => {
    const [, { tree }] = metadataOf(instance, "us-west-2", '{"Code":"Success"}');
    expect(tree["meta-data/iam/security-credentials/app"]).to.equal('{"Code":"Success"}');
  });
});

describe("What a task is told", () => {
  const asked = { ...task, credentialsPath: "/v2/credentials/1" };

  it("are the credentials of its role, at its address and at the path of its environment", () => {
    const [address, { tree }] = metadataOfTask(asked, "{}");
    expect(address).to.equal(task.address);
    expect(tree).to.deep.equal({ "/v2/credentials/1": "{}" });
  });

  it("is nothing without a role, or once it is gone", () => {
    expect(metadataOfTask(task, undefined)[1].tree).to.deep.equal({});
    expect(metadataOfTask(asked, undefined)[1].tree).to.deep.equal({});
  });
});
