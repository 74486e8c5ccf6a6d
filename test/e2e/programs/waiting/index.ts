/** Has no resources; ends when the file that WAIT_FOR names is there, at once without one. */
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const file = process.env.WAIT_FOR;
while (file && !existsSync(file)) await sleep(50);

export const done = true;
