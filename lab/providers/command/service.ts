import { credentials, type UntypedServiceImplementation } from "@grpc/grpc-js";
import sdk from "@pulumi/command/package.json" with { type: "json" };
import engineService from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engine from "@pulumi/pulumi/proto/engine_pb.js";
import proto from "@pulumi/pulumi/proto/provider_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import { checkResponse, diffResponse, pluginInfo, unary } from "../kit/handlers.ts";
import { fromStruct, toStruct } from "../kit/messages.ts";
import { newId, resources, type CommandResource } from "./resources.ts";
import type { RunningCommand } from "./run.ts";
import { check as checkInputs } from "./schema.ts";
import { changes, hasUnknown, type Properties } from "./values.ts";

type Operation = proto.CreateRequest | proto.UpdateRequest | proto.DeleteRequest;

/**
 * Pulumi's provider protocol for the command provider.
 *
 * @param address of the engine, which is told what commands print.
 * @param gone aborts when the engine has gone.
 */
export function service(address: string, gone: AbortSignal): UntypedServiceImplementation {
  const cancelled = new AbortController();
  const operate = operator(new EngineLog(address), gone, cancelled.signal);

  return {
    getPluginInfo: pluginInfo(sdk.version),
    configure: unary(() =>
      new proto.ConfigureResponse().setAcceptsecrets(true).setSupportspreview(true),
    ),
    cancel: unary(() => {
      cancelled.abort(new Error("cancelled"));
      return new empty.Empty();
    }),
    check,
    diff,

    create: unary((request: proto.CreateRequest) =>
      operate(request, async (resource, running) => {
        const inputs = properties(request.getProperties());
        const preview = request.getPreview();
        const outputs = preview ? resource.preview(inputs) : await resource.create(inputs, running);
        return new proto.CreateResponse()
          .setId(preview ? "" : newId(request.getType(), request.getName()))
          .setProperties(toStruct(outputs));
      }),
    ),

    update: unary((request: proto.UpdateRequest) =>
      operate(request, async (resource, running) => {
        const inputs = properties(request.getNews());
        const outputs = request.getPreview()
          ? resource.preview(inputs)
          : await resource.update(properties(request.getOlds()), inputs, running);
        return new proto.UpdateResponse().setProperties(toStruct(outputs));
      }),
    ),

    delete: unary((request: proto.DeleteRequest) =>
      operate(request, async (resource, running) => {
        await resource.delete(properties(request.getProperties()), running);
        return new empty.Empty();
      }),
    ),
    read,
  };
}

const properties = (given: Struct | undefined): Properties => fromStruct(given);

const check = unary((request: proto.CheckRequest) =>
  checkResponse(checkInputs(request.getType(), properties(request.getNews()))),
);

const diff = unary((request: proto.DiffRequest) => {
  const news = properties(request.getNews());
  const found = changes(properties(request.getOldInputs()), news).filter(
    // 1.2.1 shows no update in the preview of a connection that is not known yet.
    ({ property }) => property !== "connection" || !hasUnknown(news["connection"]),
  );
  return diffResponse(
    found.map((change) => ({ ...change, replaces: change.property === "triggers" })),
  );
});

// What a command did cannot be read again: a refresh finds what the state says.
const read = unary((request: proto.ReadRequest) =>
  new proto.ReadResponse()
    .setId(request.getId())
    .setProperties(request.getProperties())
    .setInputs(request.getInputs()),
);

/** What runs one operation; what it printed has reached the engine before its answer does. */
function operator(log: EngineLog, gone: AbortSignal, cancelled: AbortSignal) {
  return async function operate<Result>(
    request: Operation,
    work: (resource: CommandResource, running: RunningCommand) => Promise<Result>,
  ): Promise<Result> {
    const urn = request.getUrn();
    const limits = [gone, cancelled];
    if (request.getTimeout()) limits.push(AbortSignal.timeout(request.getTimeout() * 1000));
    const running: RunningCommand = {
      status: (line) => log.add(urn, line),
      signal: AbortSignal.any(limits),
      gone,
    };
    try {
      return await work(resources[request.getType()]!, running);
    } finally {
      await log.written;
    }
  };
}

/** Lines for the engine to show, sent one by one so that they arrive in order. */
class EngineLog {
  written: Promise<void> = Promise.resolve();
  private readonly client: engineService.EngineClient;

  constructor(address: string) {
    this.client = new engineService.EngineClient(address, credentials.createInsecure());
  }

  /** Shown as the resource's status while it is worked on, and not kept. */
  add(urn: string, message: string): void {
    const request = new engine.LogRequest();
    request.setSeverity(engine.LogSeverity.INFO).setUrn(urn).setMessage(message).setEphemeral(true);
    // A line that the engine no longer takes is not worth failing a command that has run.
    const send = () => new Promise<void>((done) => this.client.log(request, () => done()));
    this.written = this.written.then(send);
  }
}
