/** Converts between plain values and the messages of Pulumi's provider protocol. */
import structs, { type Struct } from "google-protobuf/google/protobuf/struct_pb.js";

/** Stands in previews for a value that only the update will know (pulumi/sdk, resource/plugin/rpc.go). */
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export const fromStruct = (value: Struct | undefined) => value?.toJavaScript() ?? {};

/** Members that are undefined are left out. */
export const toStruct = (value: object): Struct =>
  structs.Struct.fromJavaScript(JSON.parse(JSON.stringify(value)) as Record<string, string>);

export const capital = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

type Fields<M> = {
  [K in keyof M as K extends `set${infer F}` ? Uncapitalize<F> : never]?: M[K] extends (
    value: infer V,
  ) => unknown
    ? V
    : never;
};

/** A message with these fields set. */
export function message<M extends object>(Message: new () => M, fields: Fields<M>): M {
  const result = new Message();
  for (const [field, value] of Object.entries(fields))
    (result as Record<string, (value: unknown) => void>)[`set${capital(field)}`]!(value);
  return result;
}
