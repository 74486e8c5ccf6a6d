/** What the user data of an instance says, to whoever may call ec2:DescribeInstanceAttribute. */
import type { EC2 } from "@aws-sdk/client-ec2";

/** Both halves of the host key for the first contact. */
export async function firstContactKey(
  ec2: EC2,
  instanceId: string,
): Promise<{ readonly privateKey: string; readonly publicKey: string }> {
  const { UserData } = await ec2.describeInstanceAttribute({
    InstanceId: instanceId,
    Attribute: "userData",
  });
  const text = Buffer.from(UserData!.Value!, "base64").toString();
  const { ssh_keys: keys } = JSON.parse(text.replace("#cloud-config\n", "")) as {
    ssh_keys: { ed25519_private: string; ed25519_public: string };
  };
  return { privateKey: keys.ed25519_private, publicKey: keys.ed25519_public };
}
