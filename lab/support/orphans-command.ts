/**
 * Resources of the lab's AWS API that carry the tags of a stack and are not in its state, read from standard input as
 * `pulumi stack export` writes it.
 * usage: orphans.ts list|adopt PROJECT STACK
 *   list   says which they are, with the remedy
 *   adopt  writes the state with those that belong to an interrupted creation in it, for `pulumi stack import`
 */
import { text } from "node:stream/consumers";
import { adopt, advice, type Deployment } from "./orphans.ts";
import { taggedResources } from "./tagged-resources.ts";

const [action, project = "", stack = ""] = process.argv.slice(2);
const exported = JSON.parse(await text(process.stdin)) as { deployment: Deployment };
const tagged = await taggedResources({ project, stack });
if (action === "adopt") {
  const deployment = adopt(exported.deployment, tagged);
  console.log(JSON.stringify({ ...exported, deployment }));
} else {
  for (const line of advice(exported.deployment, tagged)) console.log(line);
}
