/**
 * Resources of the lab's AWS API that belong to a stack and are not in its state, which is read from standard input as
 * `pulumi stack export` writes it.
 * usage: orphans-command.ts list|adopt PROJECT STACK
 *   list   says which they are, with the remedy
 *   adopt  writes the state with those that belong to an interrupted creation in it, for `pulumi stack import`
 */
import { text } from "node:stream/consumers";
import { adopt, advice, interruptedCreations, type Deployment } from "./orphans.ts";
import { taggedResources } from "./tagged-resources.ts";
import { untaggedResources } from "./untagged-resources.ts";

const [action, project = "", stack = ""] = process.argv.slice(2);
const exported = JSON.parse(await text(process.stdin)) as { deployment: Deployment };
const found = await Promise.all([
  taggedResources({ project, stack }),
  untaggedResources(interruptedCreations(exported.deployment)),
]);
const existing = found.flat();
if (action === "adopt") {
  const deployment = adopt(exported.deployment, existing);
  console.log(JSON.stringify({ ...exported, deployment }));
} else {
  for (const line of advice(exported.deployment, existing)) console.log(line);
}
