import type { Unwrap } from "@pulumi/pulumi";

import { capital } from "../kit/messages.ts";
import type { Context } from "./context.ts";
import { isObject, type Properties, same } from "./values.ts";

/** State of a resource of @pulumi/aws, e.g. `Plain<VpcState>`, with plain values in it. */
export type Plain<T> = { [K in keyof T]?: Unwrap<T[K]> | undefined };

/** The same under AWS's names, which begin with a capital. */
export type Aws<T> = T extends readonly (infer E)[]
  ? Aws<E>[]
  : T extends object
    ? { [K in Exclude<keyof T & string, "tags" | "tagsAll"> as Capitalize<K>]: Aws<T[K]> }
    : T;

/** What the provider must know of one input to send it, and to tell what a change of it means. */
export interface Input<S = object> {
  /** A change makes a new resource instead of updating the old one. */
  readonly replaces: boolean | ((state: S, inputs: S) => boolean);
  /** Whether what AWS has is what the program wants, by this input and by all. */
  readonly same: (have: unknown, want: unknown, desired: Properties) => boolean;
  /** AWS chooses when the program does not, so an absent input is never a change. */
  readonly computed?: true;
  /** Taken when the program gives none. */
  readonly default?: unknown;
  /** The fields of an object that the lab's provider knows. */
  readonly fields?: readonly string[];
  /** AWS's name, where it is not Pulumi's with a capital. */
  readonly aws?: string;
  /** AWS never tells it. */
  readonly writeOnly?: true;
  /** For the provider alone: AWS is not told. */
  readonly local?: true;
  /** A map, whose keys are no names of AWS's. */
  readonly isMap?: true;
}

export const update = <S>(options: Partial<Input<S>> = {}): Input<S> => ({
  replaces: false,
  same,
  ...options,
});

export const replace = <S>(options: Partial<Input<S>> = {}): Input<S> =>
  update({ replaces: true, ...options });

export interface Tags {
  readonly all: Record<string, string>;
  readonly set: Record<string, string>;
  readonly remove: string[];
}

export const tagList = (tags: Record<string, string>): { Key: string; Value: string }[] =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

export const tagMap = (tags: unknown): Record<string, string> =>
  Object.fromEntries((tags as ReturnType<typeof tagList>).map(({ Key, Value }) => [Key, Value]));

export interface Update<S> {
  readonly id: string;
  readonly olds: S;
  readonly news: S;
  /** All inputs, and those that have changed, under AWS's names. */
  readonly request: Aws<S>;
  readonly changes: Partial<Aws<S>>;
}

/**
 * One resource type of @pulumi/aws: its properties, and the AWS calls behind it.
 *
 * `S` is the type's state. `find` and `delete` let AWS's errors for a resource that is gone through;
 * the provider makes "gone" and "done" of them.
 */
export interface ResourceType<S extends object = object> {
  /** Pulumi's token, e.g. `aws:ec2/vpc:Vpc`. */
  readonly token: string;
  /** Every input that the lab's provider knows, but for `tags`; `check` refuses any other. */
  readonly inputs: { readonly [K in keyof S]?: Input<S> };
  /** Properties that AWS decides. */
  readonly outputs?: readonly (keyof S & string)[];
  /** The input that is named after the resource when the program does not name it. */
  readonly autoname?: {
    readonly property: keyof S & string;
    readonly maxLength: number;
    /** Stands between the logical name and seven random digits; absent: no digits. */
    readonly separator?: string;
    readonly lowerCase?: true;
  };
  /** Sets the tags of an existing resource. Present when the type has tags. */
  readonly retag?: (context: Context, id: string, tags: Tags, state: S) => Promise<unknown>;

  /** Creates the resource from `request`, the inputs under AWS's names; answers its id. */
  create(
    context: Context,
    request: Aws<S> & { Tags: { Key: string; Value: string }[] },
    inputs: S,
  ): Promise<string | undefined>;
  /** What creation leaves to do: further settings, and waiting. If it fails the resource is kept. */
  complete?(context: Context, id: string, inputs: S): Promise<unknown>;
  /** The resource as AWS describes it, under AWS's names, with its tags; undefined when it is gone. */
  find(context: Context, id: string, known: S): Promise<object | undefined>;
  /** Applies changed inputs, tags excepted. Needed when one that AWS is told is an `update`. */
  update?(context: Context, update: Update<S>): Promise<unknown>;
  delete(context: Context, id: string, state: S): Promise<unknown>;
}

/** Checks a description against its own state, then forgets that state: the provider treats all alike. */
export const resource = <S extends object>(type: ResourceType<S>): ResourceType =>
  type as object as ResourceType;

const small = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

/** A value with the names of its members, at any depth, passed through `rename`. */
const renamed = (value: unknown, rename: (name: string) => string): unknown =>
  Array.isArray(value)
    ? value.map((element) => renamed(element, rename))
    : isObject(value)
      ? Object.fromEntries(Object.entries(value).map(([k, v]) => [rename(k), renamed(v, rename)]))
      : value;

const inputsByName = (type: ResourceType) => Object.entries(type.inputs as Record<string, Input>);

/** The inputs that AWS is told, under its names. */
export const toAws = (type: ResourceType, inputs: Properties): Properties =>
  Object.fromEntries(
    inputsByName(type)
      .filter(([name, { local }]) => !local && inputs[name] !== undefined)
      .map(([name, { aws, isMap }]) => [
        aws ?? capital(name),
        isMap ? inputs[name] : renamed(inputs[name], capital),
      ]),
  );

/** What AWS tells of the type's inputs and outputs; undefined where it no longer has a value. */
export function fromAws(type: ResourceType, found: Properties): Properties {
  const told = inputsByName(type).filter(([, { local, writeOnly }]) => !local && !writeOnly);
  const all: [string, Partial<Input>][] = [
    ...told,
    ...(type.outputs ?? []).map((output): [string, Partial<Input>] => [output, {}]),
  ];
  return Object.fromEntries(
    all.map(([name, { aws = capital(name), isMap }]) => [
      name,
      isMap ? found[aws] : renamed(found[aws], small),
    ]),
  );
}
