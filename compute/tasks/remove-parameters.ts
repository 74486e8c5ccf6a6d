/**
 * Removes the app's variables from SSM, when the tasks end. It uses the credentials of whoever runs Pulumi, and no machine.
 * usage: node compute/tasks/remove-parameters.ts ACCOUNT PATH    ACCOUNT: JSON of an AwsAccount
 */
import { SSM, paginateGetParametersByPath } from "@aws-sdk/client-ssm";
import { realpathSync } from "node:fs";
import { clientOptionsOf, type AwsAccount } from "../../network/aws-account.ts";
import { Failure } from "../../operations/failure.ts";

/** Milliseconds for all calls. AWS answers each within a second; 1000 variables are 200 calls. */
const patience = 600_000;

/** How many names AWS takes at a time: SSM API Reference, "DeleteParameters". */
const most = 10;

/**
 * Removes all parameters below a path. It can be run again.
 *
 * @throws Failure if AWS refuses it
 */
export async function removeParameters(account: AwsAccount, path: string): Promise<void> {
  const abortSignal = AbortSignal.timeout(patience);
  try {
    const client = new SSM(await clientOptionsOf(account, abortSignal));
    const names: string[] = [];
    const query = { Path: path, Recursive: true };
    const pages = paginateGetParametersByPath({ client }, query, { abortSignal });
    for await (const { Parameters = [] } of pages) names.push(...Parameters.map((p) => p.Name!));
    for (let first = 0; first < names.length; first += most) {
      const Names = names.slice(first, first + most);
      await client.deleteParameters({ Names }, { abortSignal });
    }
  } catch (error) {
    throw new Failure(
      `the variables of the tasks below ${path} in SSM cannot be removed: ${(error as Error).message}`,
      "allow your AWS credentials ssm:GetParametersByPath and ssm:DeleteParameters there,\n" +
        "        then run the same command again",
    );
  }
}

async function main([account = "", path = ""]: readonly string[]): Promise<void> {
  await removeParameters(JSON.parse(account) as AwsAccount, path).catch((error: Failure) => {
    console.error(`error: ${error.message}\nremedy: ${error.remedy}`);
    process.exitCode = 1;
  });
}

// Without `await`: a module that waits cannot be loaded by require, as mocha does.
if (import.meta.filename === realpathSync(process.argv[1]!)) void main(process.argv.slice(2));
