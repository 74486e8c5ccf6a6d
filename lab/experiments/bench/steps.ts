/** Where the time of an `up` went, by the engine's event log and the state. */

/** An event of the engine, and when it was seen, in milliseconds. */
export interface Event {
  readonly at: number;
  readonly preludeEvent?: object;
  readonly resourcePreEvent?: { readonly metadata: { readonly urn: string } };
  readonly resOutputsEvent?: { readonly metadata: { readonly urn: string } };
}

/** As the state has it. */
export interface TimedResource {
  readonly urn: string;
  /** False for a component, which takes no time of its own. */
  readonly custom: boolean;
  readonly parent?: string;
  /** `URN::ID`. */
  readonly provider?: string;
  readonly dependencies?: readonly string[];
  readonly propertyDependencies?: Readonly<Record<string, readonly string[] | null>>;
}

/** What the engine did to one resource. Times in milliseconds. */
export interface Step {
  readonly urn: string;
  readonly start: number;
  readonly end: number;
  /** URNs of what had to be there before. */
  readonly after: readonly string[];
}

/** Type and name, e.g. `Vpc flask-on-aws-dev-vpc`. */
export function nameOf({ urn }: Step): string {
  const [types, name] = urn.split("::").slice(-2);
  return `${types!.split(":").at(-1)} ${name}`;
}
export const duration = ({ start, end }: Step): number => end - start;

/** @throws if a resource of the state has no end in the log */
export function stepsOf(events: readonly Event[], resources: readonly TimedResource[]): Step[] {
  const starts = new Map<string, number>();
  const ends = new Map<string, number>();
  for (const { at, resourcePreEvent, resOutputsEvent } of events) {
    if (resourcePreEvent) starts.set(resourcePreEvent.metadata.urn, at);
    if (resOutputsEvent) ends.set(resOutputsEvent.metadata.urn, at);
  }
  return resources.map((resource) => {
    const { urn, custom, parent, provider, dependencies = [] } = resource;
    const start = starts.get(urn);
    const end = ends.get(urn);
    // The default providers are made by the engine, which says nothing about them.
    const silent = !custom || urn.includes("::pulumi:providers:");
    if (!silent && (start === undefined || end === undefined)) {
      throw new Error(`the event log does not say when ${urn} began and ended`);
    }
    const after = [
      ...dependencies,
      ...Object.values(resource.propertyDependencies ?? {}).flatMap((urns) => urns ?? []),
      ...(parent ? [parent] : []),
      ...(provider ? [provider.slice(0, provider.lastIndexOf("::"))] : []),
    ];
    const began = start ?? 0;
    return { urn, start: began, end: custom ? (end ?? began) : began, after };
  });
}

/** The chain of dependencies whose durations add up to most, from first to last. */
export function longestChain(steps: readonly Step[]): Step[] {
  const byUrn = new Map(steps.map((step) => [step.urn, step]));
  const known = new Map<string, { total: number; chain: Step[] }>();
  const none = { total: 0, chain: [] as Step[] };
  const longest = (candidates: (typeof none)[]) =>
    candidates.reduce((best, each) => (each.total > best.total ? each : best), none);
  const upTo = (step: Step): typeof none => {
    const found = known.get(step.urn);
    if (found) return found;
    const before = longest(step.after.flatMap((urn) => byUrn.get(urn) ?? []).map(upTo));
    const own = duration(step);
    const result = {
      total: before.total + own,
      chain: own > 0 ? [...before.chain, step] : before.chain,
    };
    known.set(step.urn, result);
    return result;
  };
  return longest(steps.map(upTo)).chain;
}
