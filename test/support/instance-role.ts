import * as iam from "@aws-sdk/client-iam";
import { Agent } from "node:http";
import { join } from "node:path";
import { builder } from "../../lab/support/account.ts";
import type { ApiServer } from "../../lab/support/api-server.ts";

/**
 * An instance whose role, `app`, has a policy of these statements. Resolves to the configuration of clients whose calls
 * come from it, as the lab's TLS front forwards them to the socket in `home`, the API's LAB_HOME.
 */
export async function instanceWithRole(api: ApiServer, home: string, Statement: object[]) {
  const roles = new iam.IAM(api.client);
  const names = { RoleName: "app", InstanceProfileName: "app" };
  await roles.createRole({ ...names, AssumeRolePolicyDocument: "{}" });
  const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
  await roles.putRolePolicy({ ...names, PolicyName: "app", PolicyDocument });
  await roles.createInstanceProfile(names);
  await roles.addRoleToInstanceProfile(names);
  const make = builder(api);
  const subnet = await make.subnet(await make.vpc("10.9.0.0/16"), "10.9.0.0/24");
  const id = await make.instance(subnet, { IamInstanceProfile: { Name: "app" } });
  const answer = await fetch(`${api.endpoint}/_lab/instance-credentials/${id}`);
  const granted = (await answer.json()) as Record<string, string>;
  return {
    ...api.client,
    credentials: {
      accessKeyId: granted.AccessKeyId!,
      secretAccessKey: granted.SecretAccessKey!,
      sessionToken: granted.Token!,
    },
    requestHandler: {
      httpAgent: new Agent({ socketPath: join(home, "share/api.sock") } as object),
    },
  };
}

export const allow = (Action: string | string[], Resource: string | string[]): object => ({
  ...{ Effect: "Allow", Action, Resource },
});
