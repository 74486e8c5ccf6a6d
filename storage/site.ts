import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { errorPage, indexPage } from "./pages.ts";

/**
 * A bucket with the stack's status and downloads. A public one is a static website: everybody may read what its policy
 * names, nothing is listed, no ACLs. Of a private one only the AWS account reads anything.
 */
export class Site extends pulumi.ComponentResource {
  readonly bucket: pulumi.Output<string>;
  /** ARNs of the objects that are not the program's own: the status and the downloads. */
  readonly writable: pulumi.Output<string>[];
  /** `http://…`: S3's website endpoints speak no TLS. Empty for a private site. */
  readonly url: pulumi.Output<string>;

  constructor(
    name: string,
    args: {
      readonly title: string;
      readonly access: "public" | "private";
      /** Keys of what else is read. What is taken from here cannot be read by everybody any more. */
      readonly downloads: readonly string[];
      /** What is created before the public policy: see {@link Site.open}. */
      readonly openAfter: readonly pulumi.Resource[];
    },
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("flask-on-aws:storage:Site", name, {}, opts);
    const childOpts = { parent: this };

    const bucket = new aws.s3.Bucket(
      name,
      // The program makes all of its content, so nothing is lost with it.
      { forceDestroy: true, tags: { Name: name } },
      childOpts,
    );
    this.bucket = bucket.id;
    this.writable = arns(bucket, ["status.json", ...args.downloads]);
    const closed = args.access === "private";
    const access = new aws.s3.BucketPublicAccessBlock(
      name,
      {
        bucket: bucket.id,
        blockPublicAcls: true,
        ignorePublicAcls: true,
        blockPublicPolicy: closed,
        restrictPublicBuckets: closed,
      },
      childOpts,
    );
    this.url = closed ? pulumi.output("") : this.open(name, bucket, access, args);
    this.registerOutputs({ bucket: this.bucket, url: this.url });
  }

  /**
   * Makes the website and lets everybody read it; returns its URL.
   *
   * S3 may refuse the public policy with AccessDenied for some seconds after the bucket's block was relaxed, and the
   * provider does not try again: its bucket_policy.go (hashicorp/terraform-provider-aws) retries MalformedPolicy and
   * NoSuchBucket only. Nor can a resource of Pulumi's retry another one. So the policy comes last, and after `openAfter`.
   * At a first `up` that is the network: a VPC usually takes the provider ten seconds, a NAT gateway over a minute.
   * Nothing else waits for the policy. If S3 refuses it nevertheless, the next `up` tries again.
   */
  private open(
    name: string,
    bucket: aws.s3.Bucket,
    access: aws.s3.BucketPublicAccessBlock,
    {
      title,
      openAfter,
    }: { readonly title: string; readonly openAfter: readonly pulumi.Resource[] },
  ): pulumi.Output<string> {
    const childOpts = { parent: this, dependsOn: access };
    const website = new aws.s3.BucketWebsiteConfiguration(
      name,
      {
        bucket: bucket.id,
        indexDocument: { suffix: "index.html" },
        errorDocument: { key: "error.html" },
      },
      childOpts,
    );
    const pages = Object.entries({ index: indexPage(title), error: errorPage(title) }).map(
      ([page, content]) =>
        new aws.s3.BucketObjectv2(
          `${name}-${page}`,
          {
            bucket: bucket.id,
            key: `${page}.html`,
            content,
            contentType: "text/html; charset=utf-8",
          },
          childOpts,
        ),
    );
    new aws.s3.BucketPolicy(
      name,
      {
        bucket: bucket.id,
        policy: pulumi.jsonStringify({
          Version: "2012-10-17",
          Statement: [
            {
              Effect: "Allow",
              Principal: "*",
              Action: "s3:GetObject",
              Resource: [...arns(bucket, ["index.html", "error.html"]), ...this.writable],
            },
          ],
        }),
      },
      { parent: this, dependsOn: [access, website, ...pages, ...openAfter] },
    );
    return pulumi.interpolate`http://${website.websiteEndpoint}`;
  }
}

/** ARNs of objects of a bucket. */
function arns(bucket: aws.s3.Bucket, keys: readonly string[]): pulumi.Output<string>[] {
  return keys.map((key) => pulumi.interpolate`${bucket.arn}/${key}`);
}
