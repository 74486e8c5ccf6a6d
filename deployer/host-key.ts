import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { SshHost } from "../operations/ssh.ts";
import type { Contact } from "./first-contact.ts";

type Inputs<T> = { readonly [Name in keyof T]: pulumi.Input<T[Name]> };

/** Arguments of {@link OwnHostKey}; {@link Contact} describes them. */
export interface OwnHostKeyArgs extends Inputs<Omit<Contact, "stack" | "ownKey" | "jump">> {
  readonly jump?: Inputs<SshHost>;
}

/**
 * A host key that a machine makes itself. The one in its user data is believed until then, and never again.
 *
 * Two steps, because a run may be killed between them: the state has the new key before the machine uses it.
 */
export class OwnHostKey extends pulumi.ComponentResource {
  /** As in known_hosts: `ssh-ed25519 AAAA…`. */
  readonly publicKey: pulumi.Output<string>;

  constructor(name: string, args: OwnHostKeyArgs, opts?: pulumi.ComponentResourceOptions) {
    super("flask-on-aws:deployer:OwnHostKey", name, {}, opts);

    const contact: pulumi.Output<Contact> = pulumi.output({ ...args, stack: pulumi.getStack() });
    const step = (verb: "prepare" | "activate", stdin: pulumi.Output<Contact>) => {
      const { stdout } = new command.local.Command(
        `${name}-${verb}`,
        {
          create: `node deployer/first-contact.ts ${verb}`,
          // Whatever changes but the machine: no contact is the first one again.
          update: `printf '%s\\n' "$PULUMI_COMMAND_STDOUT"`,
          // With the user's private key, which makes all of it a secret.
          stdin: stdin.apply((whole) => JSON.stringify(whole)),
          triggers: [args.instanceId],
        },
        { parent: this },
      );
      // The plugin takes what comes from a secret input for a secret.
      return pulumi.unsecret(stdout);
    };
    const ownKey = step("prepare", contact);
    this.publicKey = step(
      "activate",
      pulumi.all([contact, ownKey]).apply(([whole, key]) => ({ ...whole, ownKey: key })),
    );
    this.registerOutputs({ publicKey: this.publicKey });
  }
}
