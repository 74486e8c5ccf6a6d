import { type Failure, Incomplete, type PropertyChange } from "../kit/handlers.ts";
import { unknown } from "../kit/messages.ts";
import { Context } from "./context.ts";
import { changes, inputsOf } from "./diff.ts";
import { ifFound } from "./errors.ts";
import { autoname } from "./naming.ts";
import { fromAws, type ResourceType, tagList, tagMap, toAws } from "./resource.ts";
import { isObject, type Properties } from "./values.ts";

/** Names of the inputs that `check` filled in; pulumi-aws keeps them under this key as well. */
const filledIn = "__defaults";

/** In the state of a resource whose creation was left incomplete. */
const incomplete = "__incomplete";

/** What Pulumi's engine asks of a resource of any type, over plain values. */
export class Provider {
  readonly context: Context;

  constructor(context: Context) {
    this.context = context;
  }

  /**
   * Fills in defaults and names, and refuses what the lab's provider would otherwise ignore.
   *
   * @param seed the engine's; see `autoname`
   */
  check(type: ResourceType, name: string, seed: Uint8Array, olds: Properties, news: Properties) {
    const known = inputsOf(type);
    const given = Object.entries(news).filter(([property]) => !property.startsWith("__"));
    const failures = given.flatMap(([property, value]): Failure[] => {
      const { fields } = known[property] ?? {};
      if (!known[property] || property === "tagsAll") return [unsupported(type, property)];
      return Object.keys(fields && isObject(value) ? value : {})
        .filter((field) => !fields?.includes(field))
        .map((field) => unsupported(type, `${property}.${field}`));
    });

    const filled: Properties = {};
    for (const [property, input] of Object.entries(known))
      if (input.default !== undefined) filled[property] = input.default;
    if (type.autoname) {
      const { property } = type.autoname;
      const kept = wasFilled(olds, property) ? olds[property] : undefined;
      filled[property] = kept ?? autoname(type.autoname, name, seed);
    }
    const names = Object.keys(filled).filter((property) => !(property in news));
    const inputs = { ...filled, ...Object.fromEntries(given), [filledIn]: names };
    return { inputs, failures };
  }

  diff(type: ResourceType, state: Properties, inputs: Properties, ignored: readonly string[]) {
    const found: PropertyChange[] = changes(type, state, this.desired(type, inputs), ignored);
    const { property = "", separator } = type.autoname ?? {};
    // Two resources of one name cannot be there at once.
    const namedByProgram = separator !== undefined && !wasFilled(inputs, property);
    const deleteBeforeReplace =
      namedByProgram &&
      state[property] === inputs[property] &&
      found.some(({ replaces }) => replaces);
    return { changes: found, deleteBeforeReplace };
  }

  /** Answers the id and the state. Throws `Incomplete` when the resource is made but not as wanted. */
  async create(type: ResourceType, inputs: Properties, preview: boolean) {
    const desired = this.desired(type, inputs);
    if (preview) return { id: "", state: { ...chosenByAws(type), ...desired } };
    const Tags = tagList((desired["tagsAll"] ?? {}) as Record<string, string>);
    const request = { ...toAws(type, desired), ...(type.retag ? { Tags } : {}) };
    const id = await type.create(this.context, request as never, desired);
    if (id === undefined) throw new Error("AWS answered without an id");
    try {
      await type.complete?.(this.context, id, desired);
      return { id, state: await this.stateAfter(type, id, desired) };
    } catch (error) {
      throw new Incomplete(id, { ...desired, [incomplete]: true }, inputs, error as Error);
    }
  }

  /** State and inputs as AWS has them, or undefined when the resource is gone. */
  async read(type: ResourceType, id: string, known: Properties, inputs: Properties) {
    const state = await this.state(type, id, known);
    if (!state) return undefined;
    const drifted = Object.entries(inputsOf(type)).filter(
      ([property, { same }]) =>
        property in inputs && !same(state[property], inputs[property], inputs),
    );
    const drift = Object.fromEntries(drifted.map(([property]) => [property, state[property]]));
    return { state, inputs: { ...inputs, ...drift } };
  }

  /** Answers the new state. */
  async update(
    type: ResourceType,
    id: string,
    olds: Properties,
    inputs: Properties,
    { ignored, preview }: { ignored: readonly string[]; preview: boolean },
  ): Promise<Properties> {
    // What is ignored stays as AWS has it: a type may send it with what has changed.
    const kept = ignored.filter((property) => property in olds);
    const desired = {
      ...this.desired(type, inputs),
      ...Object.fromEntries(kept.map((property) => [property, olds[property]])),
    };
    const news = { ...withoutRemoved(type, olds, desired), ...desired, [incomplete]: undefined };
    if (preview) return news;
    const changed = changes(type, olds, desired, ignored).map(({ property }) => property);
    // The engine updates an unchanged resource only for that.
    if (olds[incomplete] || changed.length === 0) await type.complete?.(this.context, id, desired);
    if (changed.includes("tagsAll")) await this.retag(type, id, olds, news);
    const own = changed.filter((property) => property in type.inputs);
    if (own.length > 0)
      await type.update?.(this.context, {
        id,
        olds,
        news,
        request: toAws(type, desired),
        changes: toAws(type, Object.fromEntries(own.map((name) => [name, desired[name]]))),
      });
    return this.stateAfter(type, id, news);
  }

  async delete(type: ResourceType, id: string, state: Properties): Promise<void> {
    await ifFound(type.delete(this.context, id, state));
  }

  /** The inputs, with the provider's default tags among all tags. */
  private desired(type: ResourceType, inputs: Properties): Properties {
    const tagsAll = { ...this.context.defaultTags, ...(inputs["tags"] as object | undefined) };
    return { ...inputs, [filledIn]: undefined, ...(type.retag ? { tagsAll } : {}) };
  }

  private async stateAfter(type: ResourceType, id: string, known: Properties): Promise<Properties> {
    const state = await this.state(type, id, known);
    if (!state) throw new Error(`AWS does not know ${id}, though it was just changed`);
    return state;
  }

  private async state(type: ResourceType, id: string, known: Properties) {
    const found = (await ifFound(type.find(this.context, id, known))) as Properties | undefined;
    if (!found) return undefined;
    const state: Properties = { ...known, ...fromAws(type, found) };
    if (!type.retag) return state;
    const tagsAll = tagMap(found["Tags"] ?? found["TagList"] ?? []);
    const given = (known["tags"] ?? {}) as Properties;
    const own = Object.entries(tagsAll).filter(
      ([key, value]) => key in given || this.context.defaultTags[key] !== value,
    );
    return { ...state, tagsAll, tags: Object.fromEntries(own) };
  }

  private async retag(type: ResourceType, id: string, olds: Properties, news: Properties) {
    const all = news["tagsAll"] as Record<string, string>;
    const had = (olds["tagsAll"] ?? {}) as Record<string, string>;
    const set = Object.entries(all).filter(([key, value]) => had[key] !== value);
    const remove = Object.keys(had).filter((key) => !(key in all));
    await type.retag?.(this.context, id, { all, set: Object.fromEntries(set), remove }, news);
  }
}

const wasFilled = (inputs: Properties, property: string): boolean =>
  Array.isArray(inputs[filledIn]) && inputs[filledIn].includes(property);

const unsupported = (type: ResourceType, property: string): Failure => ({
  property,
  reason:
    `the lab's aws provider does not know '${property}' of ${type.token}: ` +
    "leave it out, or add it to the type's description in lab/providers/aws/types",
});

/** In a preview of a creation, unknown: the outputs, and the inputs that AWS may choose. */
function chosenByAws(type: ResourceType): Properties {
  const computed = Object.entries(inputsOf(type)).filter(([, input]) => input.computed);
  const names: string[] = [...(type.outputs ?? []), ...computed.map(([property]) => property)];
  return Object.fromEntries(names.map((property) => [property, unknown]));
}

/** The state without the inputs that the program no longer gives, those that AWS may choose excepted. */
function withoutRemoved(type: ResourceType, state: Properties, desired: Properties): Properties {
  const inputs = inputsOf(type);
  return Object.fromEntries(
    Object.entries(state).filter(
      ([property]) => property in desired || !inputs[property] || inputs[property].computed,
    ),
  );
}
