import * as pulumi from "@pulumi/pulumi";
import { privateBucket } from "./private-bucket.ts";

/**
 * The bucket of the app server's certificates and their keys, which outlive the machine. It is not the backups' bucket:
 * each copy replaces the one before.
 */
export class Certificates extends pulumi.ComponentResource {
  readonly bucket: pulumi.Output<string>;
  readonly arn: pulumi.Output<string>;

  constructor(name: string, opts?: pulumi.ComponentResourceOptions) {
    super("flask-on-aws:storage:Certificates", name, {}, opts);
    const bucket = privateBucket(name, { forceDestroy: true, parent: this });
    this.bucket = bucket.id;
    this.arn = bucket.arn;
    this.registerOutputs({ bucket: this.bucket });
  }
}
