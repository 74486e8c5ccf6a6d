/** Handlers and answers of Pulumi's gRPC service ResourceProvider that the lab's providers have in common. */
import { Metadata, status, type handleUnaryCall, type ServiceError } from "@grpc/grpc-js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import pb from "@pulumi/pulumi/proto/provider_pb.js";
import statuses from "@pulumi/pulumi/proto/status_pb.js";
import any from "google-protobuf/google/protobuf/any_pb.js";

import { message, toStruct } from "./messages.ts";

/** An input that is refused. */
export interface Failure {
  readonly property: string;
  readonly reason: string;
}

export interface PropertyChange {
  readonly property: string;
  readonly kind: "ADD" | "DELETE" | "UPDATE";
  readonly replaces: boolean;
}

/** A handler that answers with what `respond` returns, or with the error that it throws. */
export function unary<Request, Response>(
  respond: (request: Request) => Response | Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    (async () => respond(call.request))().then(
      (response) => callback(null, response),
      (error: Error) => callback(toServiceError(error)),
    );
  };
}

/** The handler of getPluginInfo. */
export const pluginInfo = (version: string) => unary(() => message(plugin.PluginInfo, { version }));

export const checkResponse = ({ inputs, failures }: { inputs: object; failures: Failure[] }) =>
  message(pb.CheckResponse, {
    inputs: toStruct(inputs),
    failuresList: failures.map((failure) => message(pb.CheckFailure, failure)),
  });

export function diffResponse(changes: readonly PropertyChange[], deleteBeforeReplace = false) {
  const { DIFF_NONE, DIFF_SOME } = pb.DiffResponse.DiffChanges;
  const replaced = changes.filter(({ replaces }) => replaces);
  const response = message(pb.DiffResponse, {
    changes: changes.length === 0 ? DIFF_NONE : DIFF_SOME,
    replacesList: replaced.map(({ property }) => property),
    diffsList: changes.map(({ property }) => property),
    deletebeforereplace: deleteBeforeReplace,
    hasdetaileddiff: true,
  });
  for (const { property, kind, replaces } of changes) {
    const value = pb.PropertyDiff.Kind[replaces ? (`${kind}_REPLACE` as const) : kind];
    response.getDetaileddiffMap().set(property, message(pb.PropertyDiff, { kind: value }));
  }
  return response;
}

/** A resource that exists but did not reach its desired state. The engine records both the resource and the error. */
export class Incomplete extends Error {
  readonly id: string;
  readonly state: object;
  readonly inputs: object;

  constructor(id: string, state: object, inputs: object, error: Error) {
    super(error.message, { cause: error });
    this.id = id;
    this.state = state;
    this.inputs = inputs;
  }
}

/** The gRPC error for any error; what the engine is to record travels in its details. */
function toServiceError(error: Error): ServiceError {
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
