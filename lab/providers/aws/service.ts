/** Pulumi's gRPC service ResourceProvider, answered by a `Provider`. */
import type { handleUnaryCall, UntypedServiceImplementation } from "@grpc/grpc-js";
import sdk from "@pulumi/aws/package.json" with { type: "json" };
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import type * as messages from "@pulumi/pulumi/proto/provider_pb.js";
import pb from "@pulumi/pulumi/proto/provider_pb.js";

import { checkResponse, diffResponse, Incomplete, pluginInfo, unary } from "../kit/handlers.ts";
import { fromStruct, message, toStruct } from "../kit/messages.ts";
import { checkConfiguration, readConfiguration } from "./configuration.ts";
import { Context, localEndpoint } from "./context.ts";
import { explain } from "./errors.ts";
import { identify } from "./identity.ts";
import { Provider } from "./provider.ts";
import type { ResourceType } from "./resource.ts";
import { findFunction, findType } from "./types/index.ts";
import { type Properties, same } from "./values.ts";

export function serviceImplementation(): UntypedServiceImplementation {
  const cancellation = new AbortController();
  let provider: Provider; // the engine configures it before it asks anything else

  return {
    getPluginInfo: pluginInfo(sdk.version),
    checkConfig,
    diffConfig,

    configure: unary(async (request: messages.ConfigureRequest) => {
      provider = await configured(fromStruct(request.getArgs()), cancellation.signal);
      return message(pb.ConfigureResponse, { supportspreview: true });
    }),

    ...resourceHandlers(() => provider),

    invoke: unary(async (request: messages.InvokeRequest) => {
      const call = await findFunction(request.getTok());
      try {
        const result = await call(provider.context, fromStruct(request.getArgs()));
        return message(pb.InvokeResponse, { return: toStruct(result) });
      } catch (error) {
        throw explain("calling", request.getTok(), error);
      }
    }),

    cancel: unary(() => {
      cancellation.abort();
      return new empty.Empty();
    }),
  };
}

/** @param provider answers once the engine has configured it */
function resourceHandlers(provider: () => Provider): UntypedServiceImplementation {
  return {
    check: unary(async (request: messages.CheckRequest) => {
      const type = await findType(request.getType());
      const [olds, news] = [fromStruct(request.getOlds()), fromStruct(request.getNews())];
      const seed = request.getRandomseed_asU8();
      return checkResponse(provider().check(type, request.getName(), seed, olds, news));
    }),

    diff: unary(async (request: messages.DiffRequest) => {
      const type = await findType(request.getType());
      const [olds, news] = [fromStruct(request.getOlds()), fromStruct(request.getNews())];
      const ignored = request.getIgnorechangesList();
      const { changes, deleteBeforeReplace } = provider().diff(type, olds, news, ignored);
      return diffResponse(changes, deleteBeforeReplace);
    }),

    create: step("creating", async (type, request: messages.CreateRequest) => {
      const inputs = fromStruct(request.getProperties());
      const { id, state } = await provider().create(type, inputs, request.getPreview());
      return message(pb.CreateResponse, { id, properties: toStruct(state) });
    }),

    read: step("reading", async (type, request: messages.ReadRequest) => {
      const id = request.getId();
      const known = fromStruct(request.getProperties());
      const found = await provider().read(type, id, known, fromStruct(request.getInputs()));
      if (!found) return new pb.ReadResponse(); // no id: it is gone
      const { state, inputs } = found;
      return message(pb.ReadResponse, {
        id,
        properties: toStruct(state),
        inputs: toStruct(inputs),
      });
    }),

    update: step("updating", async (type, request: messages.UpdateRequest) => {
      const [olds, news] = [fromStruct(request.getOlds()), fromStruct(request.getNews())];
      const options = { ignored: request.getIgnorechangesList(), preview: request.getPreview() };
      const state = await provider().update(type, request.getId(), olds, news, options);
      return message(pb.UpdateResponse, { properties: toStruct(state) });
    }),

    delete: step("deleting", async (type, request: messages.DeleteRequest) => {
      await provider().delete(type, request.getId(), fromStruct(request.getProperties()));
      return new empty.Empty();
    }),
  };
}

const checkConfig = unary((request: messages.CheckRequest) => {
  const inputs = fromStruct(request.getNews());
  return checkResponse({ inputs, failures: checkConfiguration(inputs) });
});

const diffConfig = unary((request: messages.DiffRequest) => {
  const { DIFF_NONE, DIFF_SOME } = pb.DiffResponse.DiffChanges;
  const [olds, news] = [fromStruct(request.getOlds()), fromStruct(request.getNews())];
  return message(pb.DiffResponse, {
    changes: same(olds, news) ? DIFF_NONE : DIFF_SOME,
    replacesList: same(olds["region"], news["region"]) ? [] : ["region"],
  });
});

/** The provider for these settings; `signal` cancels what it does. */
async function configured(settings: Properties, signal: AbortSignal): Promise<Provider> {
  const configuration = readConfiguration(settings, process.env);
  const endpoint = localEndpoint(process.env["AWS_ENDPOINT_URL"]);
  const credentials = await identify(configuration, endpoint);
  return new Provider(new Context({ ...configuration, endpoint, signal, credentials }));
}

/** A handler for one step in a resource's life, whose errors say what was being done to which. */
function step<Request extends { getType(): string; getName(): string }, Response>(
  doing: string,
  respond: (type: ResourceType, request: Request) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return unary(async (request: Request) => {
    const type = await findType(request.getType());
    try {
      return await respond(type, request);
    } catch (error) {
      const resource = `${type.token} '${request.getName()}'`;
      if (!(error instanceof Incomplete)) throw explain(doing, resource, error);
      const { id, state, inputs, cause } = error;
      throw new Incomplete(id, state, inputs, explain(doing, resource, cause));
    }
  });
}
