import * as pulumi from "@pulumi/pulumi";
import { configure } from "./config.ts";
import { registrations, valueOf, type Calls, type Registered } from "./mocks.ts";

/** The whole program, as registered under mocks. */
export interface Program {
  readonly resources: Registered[];
  readonly outputs: Record<string, { value: unknown; secret: boolean }>;
  /** The only resource of this type whose name ends so. */
  readonly one: (type: string, nameEnd?: string) => Registered;
  /** The resources of this type. */
  readonly all: (type: string) => Registered[];
}

let runs = 0;

/** Runs index.ts with the default settings and these. `calls` are laid over the mocks' usual answers. */
export async function program(
  settings: Record<string, unknown> = {},
  calls: Calls = {},
): Promise<Program> {
  configure(settings);
  const load = () => import(`../../index.ts?run=${++runs}`) as Promise<Record<string, unknown>>;
  const { result, resources } = await registrations(load, "dev", calls);
  const outputs: Program["outputs"] = {};
  for (const [name, output] of Object.entries(result)) {
    outputs[name] = await valueOf(pulumi.output(output));
  }
  const all = (type: string) => resources.filter((resource) => resource.type === type);
  const one = (type: string, nameEnd = "") => {
    const [found, ...others] = all(type).filter(({ name }) => name.endsWith(nameEnd));
    if (!found || others.length > 0) {
      const names = all(type).map(({ name }) => name);
      throw new Error(`not one ${type} …${nameEnd}, but ${names.join(", ") || "none"}`);
    }
    return found;
  };
  return { resources, outputs, all, one };
}

/** Everything that has to be there before the resource "type name", directly or not. */
export function upstream({ resources }: Program, key: string): Set<string> {
  const found = new Set<string>();
  const visit = (current: string): void => {
    const resource = resources.find(({ type, name }) => `${type} ${name}` === current);
    if (!resource) throw new Error(`no resource ${current}`);
    for (const dependency of resource.dependencies) {
      if (found.has(dependency)) continue;
      found.add(dependency);
      visit(dependency);
    }
  };
  visit(key);
  return found;
}
