/** The walk of docs/lab.md: its commands, with what it says that they print. Steps of first light. */
import type { StackFixture } from "./stack-fixture.ts";
import { blocks, follow } from "../../support/documentation.ts";

/** The walk's paragraphs; the last one takes all away again. */
export const stages = () => blocks("docs/lab.md", "A walk");

export function walk({ lab }: StackFixture): void {
  for (const { title, commands } of stages().slice(0, -1)) {
    it(`walks as docs/lab.md says: ${title}`, async () => {
      for (const command of commands) await follow(command, lab.name);
    });
  }
}
