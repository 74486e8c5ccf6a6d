import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

/** Arguments of {@link s3Endpoint}. */
export interface S3EndpointArgs {
  /** PROJECT-STACK, with which the names of the stack's buckets begin. */
  readonly stack: string;
  readonly region: string;
  readonly vpc: aws.ec2.Vpc;
  readonly routeTableIds: readonly pulumi.Output<string>[];
  /** Names of buckets that the app uses beside the stack's own. */
  readonly buckets: readonly string[];
}

/** What the names of the stack's buckets have after {@link S3EndpointArgs.stack}, before Pulumi's seven digits. */
const own = ["backups", "https", "site"];

const withObjects = (arn: string) => [arn, `${arn}/*`];

/**
 * What the endpoint lets through: the stack's buckets, those of the app, and the layers of images in ECR. Whoever gets
 * into a machine can then copy nothing to a bucket of their own in this region.
 *
 * Nothing else that a machine downloads is in S3 of its region: Debian's packages, PyPI and npm come from Fastly,
 * CloudFront and Cloudflare, Docker Hub's layers from CloudFront and Cloudflare.
 *
 * @param account that owns the stack's buckets, since somebody else could give a bucket a name that begins alike
 */
export function s3EndpointPolicy(
  { stack, region, buckets }: Pick<S3EndpointArgs, "stack" | "region" | "buckets">,
  account: string,
): object {
  const allow = (Action: string, Resource: string[], Condition?: object) => ({
    ...{ Effect: "Allow", Principal: "*", Action, Resource },
    ...(Condition && { Condition }),
  });
  return {
    Version: "2012-10-17",
    Statement: [
      allow(
        "s3:*",
        own.flatMap((kind) => withObjects(`arn:aws:s3:::${stack}-${kind}-*`)),
        { StringEquals: { "aws:ResourceAccount": account } },
      ),
      // ECR user guide, "Amazon ECR interface VPC endpoints": minimum S3 bucket permissions.
      allow("s3:GetObject", [`arn:aws:s3:::prod-${region}-starport-layer-bucket/*`]),
      ...(buckets.length > 0
        ? [
            allow(
              "s3:*",
              buckets.flatMap((bucket) => withObjects(`arn:aws:s3:::${bucket}`)),
            ),
          ]
        : []),
    ],
  };
}

/**
 * S3's gateway endpoint. It costs nothing, spares what NAT gateways charge a GB, and works without one. AWS puts its
 * routes into the tables, by prefix list, where they are in no Route's way.
 */
export function s3Endpoint(name: string, args: S3EndpointArgs, parent: pulumi.Resource): void {
  const { region, vpc, routeTableIds } = args;
  new aws.ec2.VpcEndpoint(
    name,
    {
      vpcId: vpc.id,
      serviceName: `com.amazonaws.${region}.s3`,
      vpcEndpointType: "Gateway",
      routeTableIds: [...routeTableIds],
      policy: pulumi.jsonStringify(vpc.ownerId.apply((account) => s3EndpointPolicy(args, account))),
      tags: { Name: name },
    },
    { parent },
  );
}
