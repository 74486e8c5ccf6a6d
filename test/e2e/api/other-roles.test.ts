/** Who operates a stack, previews it or reads its outputs: what the policies of these roles let them do. */
import * as ec2 from "@aws-sdk/client-ec2";
import { S3 } from "@aws-sdk/client-s3";
import { expect } from "chai";
import { builder } from "../../../lab/support/account.ts";
import type { RoleName } from "../../../tools/policies.ts";
import { useApi } from "../../support/api-environment.ts";
import { makeRoleUser, type Principal } from "../../support/principals.ts";

const roles = ["operate", "preview", "outputs"] as const;
const object = (key: string) => ({ Bucket: "state", Key: `.pulumi/${key}` });
const own = object("stacks/flask-on-aws/dev.json");

describe("The policies of the other roles", function () {
  this.timeout(60_000);
  const lab = useApi();
  const users = new Map<RoleName, Principal>();
  const groups = new Map<string, string>();
  before(async () => {
    const { api } = lab;
    const places = { project: "flask-on-aws", stack: "dev", stateBucket: "state" };
    for (const role of roles) users.set(role, await makeRoleUser(api, role, places));
    const make = builder(api);
    const vpc = await make.vpc("10.9.0.0/16");
    const s3 = new S3(api.client);
    for (const name of ["dev-app", "dev-database", "prod-app"]) {
      const id = await make.group(vpc, name);
      groups.set(name, id);
      const [stack] = name.split("-");
      const tags = { project: "flask-on-aws", stack: stack!, Name: `flask-on-aws-${name}` };
      const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
      await make.cloud.send(new ec2.CreateTagsCommand({ Resources: [id], Tags }));
    }
    const backups = "flask-on-aws-dev-backups-1a2b3c4";
    for (const Bucket of ["state", backups]) await s3.createBucket({ Bucket });
    for (const each of [own, object("stacks/flask-on-aws/prod.json"), object("meta.yaml")])
      await s3.putObject({ ...each, Body: "{}" });
    await s3.putObject({ Bucket: backups, Key: "backups/1/dump", Body: "rows" });
    await s3.putObject({ Bucket: backups, Key: "serving.json", Body: "{}" });
  });

  const s3 = (role: RoleName) =>
    new S3({ ...lab.api.client, credentials: users.get(role)!.credentials });
  const cloud = (role: RoleName) =>
    new ec2.EC2({ ...lab.api.client, credentials: users.get(role)!.credentials });
  const open = (role: RoleName, group: string) =>
    cloud(role).authorizeSecurityGroupIngress({
      GroupId: groups.get(group)!,
      ...{ IpProtocol: "tcp", FromPort: 22, ToPort: 22, CidrIp: "203.0.113.7/32" },
    });
  const backup = (Key: string) => ({ Bucket: "flask-on-aws-dev-backups-1a2b3c4", Key });

  const rows: [
    what: string,
    call: (role: RoleName) => Promise<unknown>,
    allowed: readonly RoleName[],
  ][] = [
    ["read the stack's state", (role) => s3(role).getObject(own), roles],
    ["list the state's bucket", (role) => s3(role).listObjectsV2({ Bucket: "state" }), roles],
    [
      "read another stack's state",
      (role) => s3(role).getObject(object("stacks/flask-on-aws/prod.json")),
      [],
    ],
    ["write the stack's state", (role) => s3(role).putObject({ ...own, Body: "x" }), []],
    [
      "lock the stack's state",
      (role) =>
        s3(role).putObject({
          ...{ ...object("locks/organization/flask-on-aws/dev/1.json"), Body: "x" },
        }),
      [],
    ],
    ["describe VPCs", (role) => cloud(role).describeVpcs({}), ["operate", "preview"]],
    ["let an address in to the app server", (role) => open(role, "dev-app"), ["operate"]],
    ["let an address in to the database", (role) => open(role, "dev-database"), []],
    ["let an address in to another stack", (role) => open(role, "prod-app"), []],
    ["read a backup", (role) => s3(role).getObject(backup("backups/1/dump")), ["operate"]],
    [
      "read which release serves",
      (role) => s3(role).getObject(backup("serving.json")),
      ["operate", "preview"],
    ],
    ["delete a backup", (role) => s3(role).deleteObject(backup("backups/1/dump")), []],
    ["make a VPC", (role) => cloud(role).createVpc({ CidrBlock: "10.8.0.0/16" }), []],
  ];
  for (const [what, call, allowed] of rows)
    it(`let ${allowed.join(" and ") || "nobody"} ${what}`, async () => {
      const outcomes = await Promise.all(
        roles.map((role) =>
          call(role).then(
            () => [role],
            ({ message }: Error) => (/not authorized to perform/.test(message) ? [] : [message]),
          ),
        ),
      );
      expect(outcomes.flat()).to.deep.equal(allowed);
    });
});
