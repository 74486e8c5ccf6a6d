/** The lab's command provider. Commands for a machine do not run: they succeed, and print what the program reads. */
import { resources } from "../../../lab/providers/command/resources.ts";
import { reveal, type Properties } from "../../../lab/providers/command/values.ts";

const hostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBcYh7J2hOrxTAdLlI7UCvUAYlrbMbZNf1OqUTSZZcSo";
const image = `123456789012.dkr.ecr.us-west-2.amazonaws.com/app@sha256:${"0a".repeat(32)}`;
const processes = [
  { name: "mailer", entryPoint: ["sh"], command: ["-c", "mail"], environment: [] },
];
const pushed = { image, commit: "c0ffee", environment: 1, variables: ["SECRET_KEY"], processes };

const textOf = ({ create = "" }: Properties): string => {
  const text = reveal(create);
  return typeof text === "string" ? text : "";
};

function printed(inputs: Properties): string {
  const text = textOf(inputs);
  if (text.includes("first-contact.ts")) return hostKey;
  return text.includes("push.sh") ? JSON.stringify(pushed) : "";
}

/** Wraps a type; `isMeant` says which of its commands a machine would be needed for. */
function replace(type: string, isMeant: (inputs: Properties) => boolean): void {
  const real = resources[type]!;
  const done = (inputs: Properties) =>
    Promise.resolve({ ...inputs, stdout: printed(inputs), stderr: "" });
  resources[type] = {
    preview: real.preview,
    create: (inputs, running) => (isMeant(inputs) ? done(inputs) : real.create(inputs, running)),
    update: (state, inputs, running) =>
      isMeant(inputs) ? done(inputs) : real.update(state, inputs, running),
    delete: (state, running) => (isMeant(state) ? Promise.resolve() : real.delete(state, running)),
  };
}

replace("command:remote:Command", () => true);
replace("command:local:Command", (inputs) => textOf(inputs).startsWith("node deployer/"));
await import("../../../lab/providers/command/main.ts");
