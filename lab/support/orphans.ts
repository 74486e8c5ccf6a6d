/** What a killed run of Pulumi has made and not recorded: found by comparing what exists with the stack's state. */

/** A resource of the AWS API that belongs to a stack by its tags, or by an interrupted creation. */
export interface Unrecorded {
  /** Pulumi's id of it. */
  id: string;
  /** Pulumi's type, "aws:ec2/vpc:Vpc". */
  type: string;
  /** Its tag Name, or its own name where AWS gives it one; empty if it has neither. */
  name: string;
  /** Of the interrupted creation that has made it, where that is known. */
  urn?: string;
}

/** A resource as the state has it; what is not read here is kept. */
export interface StateResource {
  urn: string;
  type: string;
  id?: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
}

/** The state of a stack: `deployment` of `pulumi stack export`, `checkpoint.latest` of a file backend's file. */
export interface Deployment {
  resources?: StateResource[];
  /** What was under way when the run ended, with all that was known of it before. */
  pending_operations?: { type: string; resource: StateResource }[];
}

/** The creations that were under way when the run ended. */
export const interruptedCreations = ({ pending_operations = [] }: Deployment): StateResource[] =>
  pending_operations.filter(({ type }) => type === "creating").map(({ resource }) => resource);

/** The resources that the state does not know, neither by id nor in any resource's outputs. */
export function orphans({ resources = [] }: Deployment, tagged: Unrecorded[]): Unrecorded[] {
  const known = new Set<unknown>();
  for (const { id, outputs = {} } of resources) {
    known.add(id);
    for (const value of Object.values(outputs)) known.add(value);
  }
  return tagged.filter(({ id }) => !known.has(id));
}

/**
 * The interrupted creation that the orphan is the result of, if exactly one can be it, and if its URN is free: a later
 * run may have made the resource again.
 */
function creationOf(
  deployment: Deployment,
  { type, name, id, urn: known }: Unrecorded,
): StateResource | undefined {
  const { resources = [] } = deployment;
  const candidates = interruptedCreations(deployment)
    .filter((creation) => creation.type === type)
    .filter(({ urn }) => !resources.some((resource) => resource.urn === urn))
    .filter(({ urn, inputs: { tags = {}, ...inputs } = {} }) => {
      if (known !== undefined) return urn === known;
      return Object.values(inputs).includes(id) || (tags as { Name?: string }).Name === name;
    });
  return candidates.length === 1 ? candidates[0] : undefined;
}

const nameOf = ({ urn }: StateResource): string => urn.slice(urn.lastIndexOf("::") + 2);

/** Lines for the reader: what a killed run has left, and what to do about it. Empty if it has left nothing. */
export function advice(deployment: Deployment, tagged: Unrecorded[]): string[] {
  const found = orphans(deployment, tagged).map((orphan) => {
    return { orphan, creation: creationOf(deployment, orphan) };
  });
  const recorded = found.filter(({ creation }) => creation);
  const left = found.filter(({ creation }) => !creation);
  const again = (deployment.pending_operations ?? []).filter(
    ({ resource }) => !recorded.some(({ creation }) => creation === resource),
  );
  const list = (some: typeof found) => some.map(({ orphan: { id, type } }) => `  ${id}  ${type}`);
  return [
    ...(recorded.length > 0
      ? ["Made by a killed run, and not in the state; `lab/adopt` records it:", ...list(recorded)]
      : []),
    ...(again.length > 0
      ? [
          "Interrupted in a killed run, with nothing unrecorded to adopt; `lab/pulumi up` does it again:",
          ...again.map(({ type, resource }) => `  ${type} ${resource.type} ${nameOf(resource)}`),
        ]
      : []),
    ...(recorded.length + again.length > 0
      ? [
          'Pulumi says "unknown state" and names the AWS Console; in the lab, the above is what there is to know.',
          "Run `lab/adopt`, which also clears Pulumi's warning, then `lab/pulumi up`.",
        ]
      : []),
    ...(left.length > 0
      ? [
          "Tagged as the stack's, but not in its state, and not to be adopted; delete it with the AWS CLI",
          "(`lab/in aws`), or end the lab with `lab/down`:",
          ...list(left),
        ]
      : []),
  ];
}

/**
 * The state with each orphan that an interrupted creation is known for as a resource, with the inputs that it was
 * created with. The next refresh reads its outputs; what has no id of its own in AWS, such as a route, is read by
 * properties that are inputs, too. Other interrupted creations made nothing.
 */
export function adopt(deployment: Deployment, tagged: Unrecorded[]): Deployment {
  const adopted = orphans(deployment, tagged).flatMap((orphan) => {
    const creation = creationOf(deployment, orphan);
    if (!creation) return [];
    const outputs = orphan.urn === undefined ? {} : { ...creation.inputs };
    return [{ ...creation, id: orphan.id, outputs }];
  });
  return {
    ...deployment,
    resources: [...(deployment.resources ?? []), ...adopted],
    pending_operations: [],
  };
}
