/** The repository to which the stacks of a lab publish the app. */
import { succeed } from "../../lab/support/lab.ts";
import type { LabStack } from "../../lab/support/stack.ts";

export const publishRepository = "https://git.lab.test/published.git";

/** Has the next `up` publish what the stack serves. */
export async function setUpPublishing({ lab }: LabStack): Promise<void> {
  await lab.setSecret("publishToken", await lab.publishToken());
  await lab.pulumi("config", "set", "publishRepository", publishRepository);
}

/** Runs git in the repository; resolves to what it prints. */
export async function inPublished({ lab }: LabStack, ...args: string[]): Promise<string> {
  const git = ["exec", `${lab.name}-internet`, "git", "-C", "/srv/git/published.git"];
  return (await succeed("docker", [...git, ...args])).trim();
}
