/** Between plain values and the messages of Pulumi's provider protocol. */
import { Metadata, status, type ServiceError } from "@grpc/grpc-js";
import any from "google-protobuf/google/protobuf/any_pb.js";
import structs, { type Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import pb from "@pulumi/pulumi/proto/provider_pb.js";
import statuses from "@pulumi/pulumi/proto/status_pb.js";

import { capital, type Properties } from "./values.ts";

export const fromStruct = (value: Struct | undefined): Properties => value?.toJavaScript() ?? {};

/** Members that are undefined are left out. */
export const toStruct = (value: object): Struct =>
  structs.Struct.fromJavaScript(JSON.parse(JSON.stringify(value)) as Record<string, string>);

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

/** A resource was made but is not as wanted: the engine records it, and the error. */
export class Incomplete extends Error {
  readonly id: string;
  readonly state: Properties;
  readonly inputs: Properties;

  constructor(id: string, state: Properties, inputs: Properties, error: Error) {
    super(error.message, { cause: error });
    this.id = id;
    this.state = state;
    this.inputs = inputs;
  }
}

/** The gRPC error for any error; what the engine is to record travels in its details. */
export function toServiceError(error: Error): ServiceError {
  const metadata = new Metadata();
  if (error instanceof Incomplete) {
    const failed = message(pb.ErrorResourceInitFailed, {
      id: error.id,
      properties: toStruct(error.state),
      inputs: toStruct(error.inputs),
      reasonsList: [error.message],
    });
    const detail = new any.Any();
    detail.pack(failed.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
    const fields = { code: status.UNKNOWN, message: error.message, detailsList: [detail] };
    const details = message(statuses.Status, fields).serializeBinary();
    metadata.add("grpc-status-details-bin", Buffer.from(details));
  }
  const { message: text } = error;
  return Object.assign(new Error(text), { code: status.UNKNOWN, details: text, metadata });
}
