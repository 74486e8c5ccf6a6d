import { ECR } from "@aws-sdk/client-ecr";
import type { LifecyclePolicyState } from "@pulumi/aws/ecr/lifecyclePolicy.js";
import type { RepositoryState } from "@pulumi/aws/ecr/repository.js";

import type { Context } from "../context.ts";
import { type Plain, replace, resource, tagList, update } from "../resource.ts";
import { same, sameJson } from "../values.ts";

const ecr = (context: Context): ECR => context.client(ECR);

const repository = resource<Plain<RepositoryState>>({
  token: "aws:ecr/repository:Repository",
  inputs: {
    name: replace({ computed: true }),
    imageTagMutability: update({ default: "MUTABLE" }),
    imageScanningConfiguration: update({ fields: ["scanOnPush"] }),
    forceDelete: update({ local: true }),
  },
  outputs: ["arn", "registryId", "repositoryUrl"],
  autoname: { property: "name", maxLength: 256, separator: "-", lowerCase: true },
  async retag(context, _, { set, remove: tagKeys }, { arn }) {
    const resourceArn = arn as string;
    if (tagKeys.length > 0) await ecr(context).untagResource({ resourceArn, tagKeys });
    if (Object.keys(set).length > 0)
      await ecr(context).tagResource({ resourceArn, tags: tagList(set) });
  },
  async create(context, { Tags }, { name: repositoryName, ...inputs }) {
    const { repository: created } = await ecr(context).createRepository({
      ...{ repositoryName, tags: Tags },
      imageTagMutability: inputs.imageTagMutability as "MUTABLE",
      imageScanningConfiguration: inputs.imageScanningConfiguration,
    });
    return created?.repositoryName;
  },
  async find(context, id) {
    const { repositories } = await ecr(context).describeRepositories({ repositoryNames: [id] });
    const found = repositories?.[0];
    if (!found) return undefined;
    const { tags } = await ecr(context).listTagsForResource({ resourceArn: found.repositoryArn });
    return {
      Name: id,
      ImageTagMutability: found.imageTagMutability,
      ImageScanningConfiguration: found.imageScanningConfiguration,
      Arn: found.repositoryArn,
      RegistryId: found.registryId,
      RepositoryUrl: found.repositoryUri,
      Tags: tags,
    };
  },
  async update(context, { id: repositoryName, olds, news }) {
    const { imageTagMutability, imageScanningConfiguration = { scanOnPush: false } } = news;
    if (!same(olds.imageTagMutability, imageTagMutability))
      await ecr(context).putImageTagMutability({
        ...{ repositoryName, imageTagMutability: imageTagMutability as "MUTABLE" },
      });
    if (!same(olds.imageScanningConfiguration, imageScanningConfiguration))
      await ecr(context).putImageScanningConfiguration({
        ...{ repositoryName, imageScanningConfiguration },
      });
  },
  delete: (context, repositoryName, { forceDelete: force }) =>
    ecr(context).deleteRepository({ repositoryName, force }),
});

const lifecyclePolicy = resource<Plain<LifecyclePolicyState>>({
  token: "aws:ecr/lifecyclePolicy:LifecyclePolicy",
  inputs: { repository: replace(), policy: replace({ same: sameJson }) },
  outputs: ["registryId"],
  async create(context, _, { repository: repositoryName, policy }) {
    const lifecyclePolicyText = policy as string;
    await ecr(context).putLifecyclePolicy({ repositoryName, lifecyclePolicyText });
    return repositoryName;
  },
  async find(context, repositoryName) {
    const found = await ecr(context).getLifecyclePolicy({ repositoryName });
    return {
      Repository: repositoryName,
      Policy: found.lifecyclePolicyText,
      RegistryId: found.registryId,
    };
  },
  delete: (context, repositoryName) => ecr(context).deleteLifecyclePolicy({ repositoryName }),
});

export const types = [repository, lifecyclePolicy];
