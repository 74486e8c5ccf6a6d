import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

/** Images that stay, the newest ones. A rollback pushes an older one again. */
const kept = 20;

/** The repository of the images that tasks run. */
export class Registry extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  /** As `ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME`. */
  readonly url: pulumi.Output<string>;
  readonly accountId: pulumi.Output<string>;

  constructor(name: string, opts?: pulumi.ComponentResourceOptions) {
    super("flask-on-aws:compute:Registry", name, {}, opts);
    const childOpts = { parent: this };
    const repository = new aws.ecr.Repository(
      name,
      {
        // A tag names what was proven on the app server, and nothing else later.
        imageTagMutability: "IMMUTABLE",
        imageScanningConfiguration: { scanOnPush: true },
        // The images can be built again from the app's repository.
        forceDelete: true,
        tags: { Name: name },
      },
      childOpts,
    );
    new aws.ecr.LifecyclePolicy(
      name,
      {
        repository: repository.name,
        policy: JSON.stringify({
          rules: [
            {
              rulePriority: 1,
              description: `Keep the newest ${kept} images`,
              selection: { tagStatus: "any", countType: "imageCountMoreThan", countNumber: kept },
              action: { type: "expire" },
            },
          ],
        }),
      },
      childOpts,
    );
    this.arn = repository.arn;
    this.url = repository.repositoryUrl;
    this.accountId = repository.registryId;
    this.registerOutputs({ url: this.url });
  }
}
