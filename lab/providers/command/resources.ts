import { randomBytes } from "node:crypto";
import { unknown } from "../kit/messages.ts";
import type { Connection } from "./connection.ts";
import { copyToRemote, type Source } from "./copy.ts";
import { runRemote } from "./remote.ts";
import { runLocal, type CommandInputs, type Output, type Run, type RunningCommand } from "./run.ts";
import { reveal, type Properties } from "./values.ts";

/** What one type does. Properties are as the engine sends them; each answer is the new outputs. */
export interface CommandResource {
  preview: (inputs: Properties) => Properties;
  create: (inputs: Properties, running: RunningCommand) => Promise<Properties>;
  update: (state: Properties, inputs: Properties, running: RunningCommand) => Promise<Properties>;
  delete: (state: Properties, running: RunningCommand) => Promise<unknown>;
}

function command(run: Run): CommandResource {
  const nothing: Output = { stdout: "", stderr: "" };
  const open = (properties: Properties) => reveal(properties) as unknown as CommandInputs & Output;
  const apply = async (
    text: string | undefined,
    inputs: Properties,
    old: Output,
    on: RunningCommand,
  ) => {
    const { stdout, stderr } = text === undefined ? old : await run(open(inputs), text, old, on);
    return { ...inputs, stdout, stderr };
  };
  return {
    preview: (inputs) => ({ ...inputs, stdout: unknown, stderr: unknown }),
    create: (inputs, running) => apply(open(inputs).create, inputs, nothing, running),
    update: (state, inputs, running) => {
      const { update, create } = open(inputs);
      return apply(update ?? create, inputs, open(state), running);
    },
    delete: (state, running) => apply(open(state).delete, state, open(state), running),
  };
}

interface CopyInputs {
  connection: Connection;
  source: Source & { hash: string };
  remotePath: string;
}

const copy: CommandResource = {
  preview: (inputs) => inputs,
  create: async (inputs, running) => {
    const { connection, source, remotePath } = reveal(inputs) as unknown as CopyInputs;
    await copyToRemote(connection, source, remotePath, running);
    return inputs;
  },
  update: async (state, inputs, running) => {
    const [old, now] = [state, inputs].map((each) => reveal(each) as unknown as CopyInputs);
    const same = old!.remotePath === now!.remotePath && old!.source.hash === now!.source.hash;
    return same ? inputs : copy.create(inputs, running);
  },
  // What was copied stays on the machine.
  delete: () => Promise.resolve(),
};

export const resources: Record<string, CommandResource> = {
  "command:local:Command": command(runLocal),
  "command:remote:Command": command(runRemote),
  "command:remote:CopyToRemote": copy,
};

/** An id in the form that 1.2.1 gives. */
export function newId(type: string, name: string): string {
  return (resources[type] === copy ? "" : name) + randomBytes(4).toString("hex");
}
