/** Faults of rights: of the machine's role, of the buckets, of who logs in. */
import { IAM } from "@aws-sdk/client-iam";
import { S3 } from "@aws-sdk/client-s3";
import type { LabStack } from "../../support/stack.ts";
import { failed, follow, part, refused, type Fault } from "./fault.ts";

interface Policy {
  readonly Statement: readonly { readonly Resource: string | readonly string[] }[];
}

/** The policy of the app server's role: how it is called, and what it says. */
async function policyOfRole(stack: LabStack, iam: IAM) {
  const { IamInstanceProfileAssociations: [association] = [] } = await stack
    .ec2()
    .describeIamInstanceProfileAssociations({
      Filters: [{ Name: "instance-id", Values: [await stack.machineId()] }],
    });
  const InstanceProfileName = association!.IamInstanceProfile!.Arn!.split("/").at(-1)!;
  const { InstanceProfile } = await iam.getInstanceProfile({ InstanceProfileName });
  const RoleName = InstanceProfile!.Roles![0]!.RoleName!;
  const { PolicyNames: [PolicyName] = [] } = await iam.listRolePolicies({ RoleName });
  const names = { RoleName, PolicyName: PolicyName! };
  const { PolicyDocument } = await iam.getRolePolicy(names);
  return { names, policy: JSON.parse(decodeURIComponent(PolicyDocument!)) as Policy };
}

/** Has the backup bucket deny everybody an action on its objects, beside what its policy says. */
async function deny(stack: LabStack, s3: S3, Action: string): Promise<void> {
  const Bucket = stack.outputs.backupBucket!;
  const { Policy } = await s3.getBucketPolicy({ Bucket });
  const policy = JSON.parse(Policy!) as { Statement: object[] };
  const Resource = `arn:aws:s3:::${Bucket}/*`;
  policy.Statement.push({ Effect: "Deny", Principal: "*", Action, Resource });
  await s3.putBucketPolicy({ Bucket, Policy: JSON.stringify(policy) });
}

export const accessFaults: Fault[] = [
  {
    name: "ssh-closed",
    async inject(stack) {
      const { lab } = stack;
      const version = await stack.newVersion();
      await lab.pulumi("config", "set", "--path", "adminCidrs[0]", "203.0.113.7/32");
      const said = await refused(
        stack,
        { allowOwnAddress: "false", appCommit: version.commit },
        /error: \S+ runs, but its port 22 \(SSH\) does not answer this computer/,
        /the address of this computer is 198\.18\.\d+\.1$/m,
        /the rules of sg-\w+ let in: 203\.0\.113\.7\/32 \(SSH of an administrator\)$/m,
      );
      // As Pulumi counts for the step: the rest of `up` takes its time, too.
      const seconds = Number(part(said, /release-reach .*\((\d+)s\).*error: \S+ runs/));
      console.log(`  the message came after ${seconds} s`);
      if (seconds > 90) throw new Error(`the message came after ${seconds} s`);
      const remedy = part(said, /remedy: let this computer in: (.*)/);
      return async () => {
        await stack.delivered(version, await follow(stack, remedy));
        await lab.pulumi("config", "rm", "adminCidrs");
        await lab.pulumi("config", "rm", "allowOwnAddress");
        await stack.up();
        // Pulumi removes the rule of adminCidrs last, and until then AWS allows no other one for the same address.
        await lab.ops("status");
      };
    },
  },
  {
    name: "policies-changed-by-hand",
    async inject(stack) {
      const version = await stack.newVersion();
      const iam = stack.client(IAM);
      await iam.deleteRolePolicy((await policyOfRole(stack, iam)).names);
      await deny(stack, stack.client(S3), "s3:PutObject");
      const up = /remedy: check the policies of the role and of the bucket; (.*) restores them/;
      const listing = await stack.lab.tryOps("backups");
      const remedy = part(failed("backups", listing, /error: the bucket \S+ cannot be read/), up);
      const publish = await stack.lab.tryOps(
        ..."ssh -- /opt/flask-on-aws/bin/publish-status.sh".split(" "),
      );
      const again = /remedy: check the policy of the machine's role: (.*)/;
      const status = part(failed("publish-status.sh", publish, /error: the status was not/), again);
      const copy = await stack.tryOnMachine(
        "cd /opt/flask-on-aws && rm certificates.saved && bin/certificate-store.sh save",
      );
      const stored = part(failed("save", copy, /error: the certificate was not copied/), again);
      const said = await refused(
        stack,
        { appCommit: version.commit },
        /error: \S+ cannot write to the backup bucket \S+: .*AccessDenied/,
      );
      const ofPreflight =
        /remedy: see the policies of the role and of the bucket; (.*) restores them/;
      // Messages of ./ops leave out the stack that its user has not named.
      const withoutStack = (command: string) => command.replace(" --stack dev", "");
      for (const other of [status, stored, part(said, ofPreflight)])
        if (withoutStack(other) !== withoutStack(remedy))
          throw new Error(`'${other}' and '${remedy}' for one fault`);
      return async () => {
        await stack.delivered(version, await follow(stack, remedy));
        await stack.lab.ops("backups");
        await follow(stack, "./ops ssh -- /opt/flask-on-aws/bin/publish-status.sh");
      };
    },
  },
  {
    name: "site-policy-changed",
    async inject(stack) {
      const { lab } = stack;
      await lab.pulumi("config", "set", "publishRepository", "https://git.lab.test/published.git");
      await lab.setSecret("publishToken", await lab.publishToken());
      try {
        await stack.release();
        const version = await stack.newVersion();
        const iam = stack.client(IAM);
        const { names, policy } = await policyOfRole(stack, iam);
        const Statement = policy.Statement.filter(
          ({ Resource }) => !String(Resource).includes("site"),
        );
        await iam.putRolePolicy({
          ...names,
          PolicyDocument: JSON.stringify({ ...policy, Statement }),
        });
        const said = await refused(
          stack,
          { appCommit: version.commit },
          /error: app\.zip was not put on the site/,
        );
        await stack.delivered(
          version,
          await follow(stack, part(said, /remedy: .*: (\S*pulumi up .*)/)),
        );
      } finally {
        await lab.pulumi("config", "rm", "publishRepository");
        await lab.pulumi("config", "rm", "publishToken");
      }
    },
  },
  {
    name: "record-not-readable",
    async inject(stack) {
      const version = await stack.newVersion();
      const s3 = stack.client(S3);
      await deny(stack, s3, "s3:GetObject");
      await refused(
        stack,
        { appCommit: version.commit },
        /The record of what serves, s3:\/\/\S+\/serving\.json, cannot be read/,
        /remedy: if the bucket is gone, .*; else allow s3:ListBucket and s3:GetObject on it/,
      );
      // Who may not read may still allow it.
      await s3.deleteBucketPolicy({ Bucket: stack.outputs.backupBucket! });
      return () => stack.deliver(version, {}, "--refresh");
    },
  },
  {
    name: "backup-bucket-gone",
    async inject(stack) {
      const version = await stack.newVersion();
      const s3 = stack.client(S3);
      const Bucket = stack.outputs.backupBucket!;
      for (let more = true; more;) {
        const page = await s3.listObjectVersions({ Bucket });
        for (const { Key, VersionId } of [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])])
          await s3.deleteObject({ Bucket, Key: Key!, VersionId: VersionId! });
        more = page.IsTruncated ?? false;
      }
      await s3.deleteBucket({ Bucket });
      const said = await refused(
        stack,
        { appCommit: version.commit },
        /The record of what serves, s3:\/\/\S+\/serving\.json, cannot be read/,
      );
      const remedy = part(said, /remedy: if the bucket is gone, run (.*); else/);
      return async () => {
        await stack.delivered(version, await follow(stack, remedy));
        await stack.lab.ops("backup");
      };
    },
  },
];
