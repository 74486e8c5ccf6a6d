import type { ProviderProcess, EngineResource } from "../../../support/aws-provider.ts";
import type { Lookup } from "./lookups.ts";
import { address, type Inputs, plannedInputs, resolved, type Subject } from "./subject.ts";
import type { Planned } from "./terraform.ts";

/** The provider in the place of Terraform: plans and makes the subjects' rounds. */
export class LabProvider {
  private readonly resources = new Map<string, EngineResource>();
  private readonly process: ProviderProcess;
  private readonly subjects: readonly Subject[];

  constructor(process: ProviderProcess, subjects: readonly Subject[]) {
    this.process = process;
    this.subjects = subjects;
  }

  /**
   * Plans what a round does to each subject, by address, and does so if it is to be `made`: one
   * after another, since none that is replaced has others on it.
   */
  async change(round: number, made: boolean): Promise<Map<string, Planned>> {
    const all = new Map<string, Planned>();
    for (const subject of this.subjects) {
      const news = this.resolve(plannedInputs(round, subject));
      const old = this.resources.get(address(subject));
      const resource = old && (await this.process.read(old))!;
      const plan = resource ? await this.plan(resource, news) : created;
      all.set(address(subject), plan);
      if (plan.action === "none" || !made || (resource && subject.options.plannedOnly)) continue;
      if (resource && plan.action === "replace") await this.process.delete(resource);
      const changed =
        resource && plan.action === "update"
          ? await this.process.update(resource, news)
          : await this.process.create(token(subject), subject.name, news);
      this.resources.set(address(subject), changed);
    }
    return all;
  }

  lookUp({ token, args }: Lookup): Promise<Inputs> {
    return this.process.invoke(token, this.resolve(args));
  }

  /** The id of each subject, by address. */
  ids(): Map<string, string> {
    return new Map([...this.resources].map(([name, { id }]) => [name, id]));
  }

  private async plan(resource: EngineResource, news: Inputs): Promise<Planned> {
    const inputs = await this.process.checked(resource.type, resource.name, news, resource.inputs);
    const { changes, replaces } = await this.process.diff(resource, inputs);
    const properties = Object.keys(changes).filter((property) => property !== "tagsAll");
    const isChanged = Object.keys(changes).length > 0;
    if (replaces.length > 0) return { action: "replace", changed: [], replacing: replaces.sort() };
    return { action: isChanged ? "update" : "none", changed: properties.sort(), replacing: [] };
  }

  private resolve(inputs: Inputs): Inputs {
    return resolved(inputs, ({ subject, attribute }) => {
      const found = this.subjects.find(({ name }) => name === subject)!;
      const { id, state } = this.resources.get(address(found))!;
      return attribute === "id" ? id : state[attribute];
    }) as Inputs;
  }
}

const created: Planned = { action: "create", changed: [], replacing: [] };

/** `aws:ec2/vpc:Vpc` for `ec2/vpc`. */
export function token({ type }: Subject): string {
  const name = type.slice(type.indexOf("/") + 1);
  return `aws:${type}:${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}
