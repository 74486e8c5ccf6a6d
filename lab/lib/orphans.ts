/** What a killed run of Pulumi has made and not recorded: found by comparing what exists with the stack's state. */

/** A resource of the AWS API that carries the tags of a stack. */
export interface Tagged {
  /** Pulumi's id of it. */
  id: string;
  /** Pulumi's type, "aws:ec2/vpc:Vpc". */
  type: string;
  /** Its tag Name, or its own name where AWS gives it one; empty if it has neither. */
  name: string;
}

/** A resource as the state has it; what is not read here is kept. */
interface Resource {
  urn: string;
  type: string;
  id?: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
}

/** The state of a stack: `deployment` of `pulumi stack export`, `checkpoint.latest` of a file backend's file. */
export interface Deployment {
  resources?: Resource[];
  /** What was under way when the run ended, with all that was known of it before. */
  pending_operations?: { type: string; resource: Resource }[];
}

/** The tagged resources that the state does not know, neither by id nor in any resource's outputs. */
export function orphans({ resources = [] }: Deployment, tagged: Tagged[]): Tagged[] {
  const known = new Set<unknown>();
  for (const { id, outputs = {} } of resources) {
    known.add(id);
    for (const value of Object.values(outputs)) known.add(value);
  }
  return tagged.filter(({ id }) => !known.has(id));
}

/** The interrupted creation that the orphan is the result of, if exactly one can be it. */
function creationOf(deployment: Deployment, { type, name, id }: Tagged): Resource | undefined {
  const candidates = (deployment.pending_operations ?? [])
    .filter((operation) => operation.type === "creating" && operation.resource.type === type)
    .map((operation) => operation.resource)
    .filter(({ inputs: { tags = {}, ...inputs } = {} }) => {
      return Object.values(inputs).includes(id) || (tags as { Name?: string }).Name === name;
    });
  return candidates.length === 1 ? candidates[0] : undefined;
}

/** Lines for the reader: each orphan, and what to do about it. Empty without orphans. */
export function advice(deployment: Deployment, tagged: Tagged[]): string[] {
  const found = orphans(deployment, tagged);
  const known = found.filter((orphan) => creationOf(deployment, orphan));
  const left = found.filter((orphan) => !known.includes(orphan));
  const list = (some: Tagged[]) => some.map(({ id, type }) => `  ${id}  ${type}`);
  return [
    ...(known.length > 0
      ? ["Made by a killed run, and not in the state; `lab/adopt` takes it over:", ...list(known)]
      : []),
    ...(left.length > 0
      ? [
          "Tagged as the stack's, but not in its state, nor was its creation interrupted; delete it by the",
          "AWS CLI, or end the lab with `lab/down`:",
          ...list(left),
        ]
      : []),
  ];
}

/**
 * The state with each orphan that an interrupted creation is known for as a resource, with the inputs that it was
 * created with. Its outputs are not known before the next refresh. Other interrupted creations made nothing.
 */
export function adopt(deployment: Deployment, tagged: Tagged[]): Deployment {
  const adopted = orphans(deployment, tagged).flatMap((orphan) => {
    const creation = creationOf(deployment, orphan);
    return creation ? [{ ...creation, id: orphan.id, outputs: {} }] : [];
  });
  return {
    ...deployment,
    resources: [...(deployment.resources ?? []), ...adopted],
    pending_operations: [],
  };
}
