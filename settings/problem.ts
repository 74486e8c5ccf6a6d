/** What is wrong with the settings, in the words of the error that lists all of it. */
import * as pulumi from "@pulumi/pulumi";
import { pulumi as pulumiCommand } from "../operations/names.ts";

/** What is wrong, which rule it breaks, and the remedy: one line for each command. */
export interface Problem {
  readonly what: string;
  readonly limit: string;
  readonly remedy: string;
}

/** `NAMESPACE:NAME`; a name without a namespace is the project's own. */
export function fullKey(key: string): string {
  return key.includes(":") ? key : `${pulumi.getProject()}:${key}`;
}

/** The problem that a setting has a value which breaks a rule. */
export function refused(key: string, value: unknown, limit: string, remedy: string): Problem {
  const text = JSON.stringify(value);
  // Cut, because what was pasted by mistake may be a private key.
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return { what: `${fullKey(key)} is ${shown}`, limit, remedy };
}

/** A command of `pulumi config` for this stack, whichever stack is selected. */
export function configCommand(args: string): string {
  return `${pulumiCommand} config ${args} --stack ${pulumi.getStack()}`;
}

/** The error that lists the problems. */
export function errorOf(problems: readonly Problem[]): pulumi.RunError {
  const indented = (text: string, columns: number) =>
    text.replaceAll("\n", `\n${" ".repeat(columns)}`);
  const lines = problems.map(
    ({ what, limit, remedy }) =>
      `- ${what}\n    ${indented(limit, 4)}\n    remedy: ${indented(remedy, 12)}`,
  );
  return new pulumi.RunError(`The settings have problems:\n${lines.join("\n")}`);
}
