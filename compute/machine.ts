import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { sshKey } from "../secrets.ts";
import type { MachineImage } from "./images.ts";
import { userData } from "./user-data.ts";

/**
 * What a burstable machine does when its CPU credits are used up: go on, which AWS charges, or run at its baseline
 * until it has earned new ones.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-performance-instances.html
 */
export const cpuCreditModes = ["unlimited", "standard"] as const;
export type CpuCredits = (typeof cpuCreditModes)[number];

/** Arguments of {@link Machine}. */
export interface MachineArgs {
  readonly image: MachineImage;
  /** For example `t3.micro`, about 8 USD a month. A change stops and starts the machine. */
  readonly instanceType: string;
  /** For burstable types; others have no such mode. */
  readonly cpuCredits: CpuCredits;
  readonly subnetId: pulumi.Input<string>;
  /** The subnet's way to the internet: there before the machine boots, and gone after it. */
  readonly routes: pulumi.Resource[];
  readonly securityGroupId: pulumi.Input<string>;
  /** Name of the EC2 key pair that may log in. A change replaces the machine. */
  readonly keyName: pulumi.Input<string>;
  /** Public keys that may log in too. A change replaces the machine. */
  readonly authorizedKeys: readonly string[];
  readonly instanceProfile?: pulumi.Input<string>;
}

/** An EC2 instance with Docker, a host key for the first contact and no way in but SSH. */
export class Machine extends pulumi.ComponentResource {
  readonly instanceId: pulumi.Output<string>;
  readonly privateIp: pulumi.Output<string>;
  /** The public half of the host key that its user data gives it, for {@link OwnHostKey}. */
  readonly firstContactKey: pulumi.Output<string>;

  constructor(name: string, args: MachineArgs, opts?: pulumi.ComponentResourceOptions) {
    super("flask-on-aws:compute:Machine", name, {}, opts);

    // Other authorized keys replace the machine. It then gets a new first-contact key, which no process has read yet.
    const hostKey = sshKey(`${name}-host-key`, { parent: this }, args.authorizedKeys.join("\n"));
    const ami = aws.ssm.getParameterOutput({ name: args.image.parameter }, { parent: this });
    const instance = new aws.ec2.Instance(
      name,
      {
        ami: ami.insecureValue,
        instanceType: args.instanceType,
        ...(/^t\d/.test(args.instanceType)
          ? { creditSpecification: { cpuCredits: args.cpuCredits } }
          : {}),
        subnetId: args.subnetId,
        vpcSecurityGroupIds: [args.securityGroupId],
        keyName: args.keyName,
        ...(args.instanceProfile ? { iamInstanceProfile: args.instanceProfile } : {}),
        userData: pulumi.output(hostKey).apply((key) =>
          userData({
            loginUser: args.image.loginUser,
            hostKey: key,
            authorizedKeys: args.authorizedKeys,
          }),
        ),
        // cloud-init runs user data once: on a machine that is only restarted a change has no effect.
        userDataReplaceOnChange: true,
        metadataOptions: {
          httpEndpoint: "enabled",
          httpTokens: "required",
          // A container is one hop further, so it cannot take on the machine's role.
          httpPutResponseHopLimit: 1,
        },
        rootBlockDevice: { volumeType: "gp3", volumeSize: 16, encrypted: true },
        tags: { Name: name },
      },
      {
        parent: this,
        dependsOn: args.routes,
        // A newer image must not replace a machine at a moment that nobody chose.
        ignoreChanges: ["ami"],
      },
    );

    this.instanceId = instance.id;
    this.privateIp = instance.privateIp;
    this.firstContactKey = hostKey.publicKey;
    this.registerOutputs({ instanceId: this.instanceId, privateIp: this.privateIp });
  }
}
