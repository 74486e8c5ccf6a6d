import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { errorPage, indexPage } from "./pages.ts";

/** A public static website in S3: what its policy names can be read, nothing is listed, no ACLs. */
export class Site extends pulumi.ComponentResource {
  readonly bucket: pulumi.Output<string>;
  /** ARNs of the objects that are not the program's own: the status and the downloads. */
  readonly writable: pulumi.Output<string>[];
  /** `http://…`: S3's website endpoints speak no TLS. */
  readonly url: pulumi.Output<string>;

  constructor(
    name: string,
    args: {
      readonly title: string;
      /** Keys of what else everybody may read. What is taken from here cannot be read any more. */
      readonly downloads: readonly string[];
    },
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("flask-on-aws:storage:Site", name, {}, opts);
    const mine = { parent: this };

    const bucket = new aws.s3.Bucket(
      name,
      // The program makes all of its content, so nothing is lost with it.
      { forceDestroy: true, tags: { Name: name } },
      mine,
    );
    const arns = (keys: readonly string[]) =>
      keys.map((key) => pulumi.interpolate`${bucket.arn}/${key}`);
    this.writable = arns(["status.json", ...args.downloads]);
    const access = new aws.s3.BucketPublicAccessBlock(
      name,
      {
        bucket: bucket.id,
        blockPublicAcls: true,
        ignorePublicAcls: true,
        blockPublicPolicy: false,
        restrictPublicBuckets: false,
      },
      mine,
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
              Resource: [...arns(["index.html", "error.html"]), ...this.writable],
            },
          ],
        }),
      },
      // AWS makes buckets with public policies blocked, and refuses this one until that is relaxed.
      { parent: this, dependsOn: access },
    );
    const website = new aws.s3.BucketWebsiteConfiguration(
      name,
      {
        bucket: bucket.id,
        indexDocument: { suffix: "index.html" },
        errorDocument: { key: "error.html" },
      },
      mine,
    );
    const pages = { index: indexPage(args.title), error: errorPage(args.title) };
    for (const [page, content] of Object.entries(pages)) {
      new aws.s3.BucketObjectv2(
        `${name}-${page}`,
        {
          bucket: bucket.id,
          key: `${page}.html`,
          content,
          contentType: "text/html; charset=utf-8",
        },
        mine,
      );
    }

    this.bucket = bucket.id;
    this.url = pulumi.interpolate`http://${website.websiteEndpoint}`;
    this.registerOutputs({ bucket: this.bucket, url: this.url });
  }
}
