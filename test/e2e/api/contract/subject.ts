/** A resource on which the lab's provider and the real provider are compared. */

export type Inputs = Record<string, unknown>;

export interface Subject {
  /** Pulumi's type, e.g. `ec2/vpc`. */
  readonly type: string;
  /** Terraform's, whose arguments are Pulumi's in snake case. */
  readonly terraform: string;
  readonly name: string;
  readonly inputs: Inputs;
  /** What one round after another changes, over what was before; undefined takes an input away. */
  readonly changes: readonly Inputs[];
  readonly options: Options;
}

export interface Options {
  /** A subject that must be there before, though no input refers to it. */
  readonly after?: string;
  /** Changes are planned but not made, since they take the real provider minutes. */
  readonly plannedOnly?: true;
  /** Terraform's names of arguments that Pulumi does not name alike. */
  readonly renamed?: Readonly<Record<string, string>>;
}

export const subject = (
  type: string,
  terraform: string,
  name: string,
  inputs: Inputs,
  changes: Inputs[] = [],
  options: Options = {},
): Subject => ({ type, terraform, name, inputs, changes, options });

export const address = ({ terraform, name }: Subject): string => `${terraform}.${name}`;

/** An attribute of another subject, which stands before in the list. */
export class Reference {
  readonly subject: string;
  readonly attribute: string;

  constructor(subject: string, attribute: string) {
    this.subject = subject;
    this.attribute = attribute;
  }
}
export const ref = (name: string, attribute = "id"): Reference => new Reference(name, attribute);

/** A subject's inputs as planned in a round; round 0 is its creation. */
export function plannedInputs(round: number, { inputs, changes }: Subject): Inputs {
  const now: Inputs = Object.assign({}, inputs, ...changes.slice(0, round)) as Inputs;
  return Object.fromEntries(Object.entries(now).filter(([, value]) => value !== undefined));
}

/** A subject's inputs as they are made in a round. */
export const appliedInputs = (round: number, subject: Subject): Inputs =>
  plannedInputs(subject.options.plannedOnly ? 0 : round, subject);

/** The inputs with `replace` applied to each reference in them. */
export function resolved(value: unknown, replace: (reference: Reference) => unknown): unknown {
  if (value instanceof Reference) return replace(value);
  if (Array.isArray(value)) return value.map((element) => resolved(element, replace));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, resolved(member, replace)]),
  );
}

/** A policy document of one statement. */
export const statement = (more: object): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...more }] });
