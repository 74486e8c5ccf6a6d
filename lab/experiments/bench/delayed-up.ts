/** The first `up` of a lab in which the database takes its time, as at AWS, and where that time goes. */
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { outputOf, succeed, type Lab } from "../../support/lab.ts";
import {
  type Event,
  longestChain,
  nameOf,
  type TimedResource,
  type Step,
  stepsOf,
} from "./steps.ts";

/** Seconds that the database is `creating`. */
export const databaseDelay = 60;

/** Times in milliseconds. */
export interface Account {
  readonly total: number;
  /** Of the resources that are no components. */
  readonly steps: readonly Step[];
  readonly chain: readonly Step[];
  /** What lies before, between and after the steps of the chain. */
  readonly gaps: readonly { readonly what: string; readonly time: number }[];
}

export async function delayedUp(lab: Lab): Promise<Account> {
  await lab.up();
  const { endpoint } = await lab.client();
  const body = JSON.stringify({ status: "available", seconds: databaseDelay });
  const answer = await fetch(`${endpoint}/_lab/delay`, { method: "POST", body });
  if (!answer.ok) throw new Error(`/_lab/delay answered ${answer.status}: ${await answer.text()}`);

  // The engine's own times are whole seconds: a pipe shows each event when it happens.
  const pipe = join(lab.home, "events");
  await succeed("mkfifo", [pipe]);
  const events: Event[] = [];
  createInterface(createReadStream(pipe)).on("line", (line) => {
    if (line) events.push({ ...(JSON.parse(line) as object), at: Date.now() });
  });
  process.env.PULUMI_DEBUG_COMMANDS = "true"; // --event-log is an option of these
  const began = Date.now();
  const flags = ["--yes", "--skip-preview", "--non-interactive", `--event-log=${pipe}`];
  const child = lab.startPulumi("up", ...flags);
  const output = outputOf(child);
  const [status] = (await once(child, "close")) as [number | null];
  const ended = Date.now();
  if (status !== 0) throw new Error(`up ended with ${status}:\n${output().slice(-2000)}`);

  const exported = JSON.parse(await lab.pulumi("stack", "export")) as {
    deployment: { resources: TimedResource[] };
  };
  const steps = stepsOf(events, exported.deployment.resources);
  const chain = longestChain(steps);
  const prelude = events.find(({ preludeEvent }) => preludeEvent)!.at;
  const gaps = [{ what: "until the engine has started", time: prelude - began }];
  let last = { what: "after the engine's start", at: prelude };
  for (const step of chain) {
    gaps.push({ what: `${last.what}, until ${nameOf(step)}`, time: step.start - last.at });
    last = { what: `after ${nameOf(step)}`, at: step.end };
  }
  gaps.push({ what: `${last.what}, until the engine has ended`, time: ended - last.at });
  return { total: ended - began, steps, chain, gaps };
}
