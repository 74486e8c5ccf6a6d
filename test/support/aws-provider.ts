import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { credentials, type ServiceError } from "@grpc/grpc-js";
import pb from "@pulumi/pulumi/proto/provider_pb.js";
import statuses from "@pulumi/pulumi/proto/status_pb.js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import structs, { type Struct } from "google-protobuf/google/protobuf/struct_pb.js";

export type Properties = Record<string, unknown>;

/** A resource as the engine keeps it between two updates. */
export interface EngineResource {
  type: string;
  name: string;
  id: string;
  inputs: Properties;
  state: Properties;
}

export interface Diff {
  /** Changed properties, each with how, e.g. `UPDATE` or `ADD_REPLACE`. */
  changes: Record<string, string>;
  replaces: string[];
  deleteBeforeReplace: boolean;
}

/** How the engine marks values that it does not know yet. */
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** The provider as a process of its own, asked what Pulumi's engine would ask, in plain values. */
export class ProviderProcess {
  private readonly client: services.ResourceProviderClient;
  /** Ends the process. */
  readonly stop: () => Promise<void>;

  private constructor(client: services.ResourceProviderClient, stop: () => Promise<void>) {
    this.client = client;
    this.stop = stop;
  }

  /** Starts lab/providers/bin/pulumi-resource-aws, from a directory that is not the repository's. */
  static async start(endpoint: string, env: Record<string, string> = {}): Promise<ProviderProcess> {
    const program = join(import.meta.dirname, "../../lab/providers/bin/pulumi-resource-aws");
    const secrets = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };
    const process_ = spawn(program, ["127.0.0.1:1"], {
      cwd: "/",
      env: { ...process.env, ...secrets, AWS_ENDPOINT_URL: endpoint, ...env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [port] = (await once(createInterface(process_.stdout), "line")) as [string];
    const client = new services.ResourceProviderClient(
      `127.0.0.1:${port}`,
      credentials.createInsecure(),
    );
    return new ProviderProcess(client, async () => {
      client.close();
      process_.kill();
      await once(process_, "exit");
    });
  }

  async configure(settings: Properties): Promise<void> {
    const request = new pb.ConfigureRequest();
    request.setArgs(struct(settings));
    await this.call("configure", request);
  }

  /** Failures by property; none: the settings are good. */
  async checkConfig(settings: Properties): Promise<Record<string, string>> {
    const request = new pb.CheckRequest();
    request.setNews(struct(settings));
    return failures(await this.call<pb.CheckResponse>("checkConfig", request));
  }

  async check(type: string, name: string, news: Properties, olds: Properties = {}) {
    const request = new pb.CheckRequest();
    request.setType(type);
    request.setName(name);
    request.setOlds(struct(olds));
    request.setNews(struct(news));
    const response = await this.call<pb.CheckResponse>("check", request);
    return { inputs: plain(response.getInputs()), failures: failures(response) };
  }

  /** Checked inputs. Throws when the provider refuses one. */
  async checked(type: string, name: string, news: Properties, olds?: Properties) {
    const { inputs, failures } = await this.check(type, name, news, olds);
    if (Object.keys(failures).length > 0) throw new Error(JSON.stringify(failures));
    return inputs;
  }

  async diff(
    resource: EngineResource,
    news: Properties,
    ignoreChanges: string[] = [],
  ): Promise<Diff> {
    const request = new pb.DiffRequest();
    request.setType(resource.type);
    request.setName(resource.name);
    request.setId(resource.id);
    request.setOlds(struct(resource.state));
    request.setOldInputs(struct(resource.inputs));
    request.setNews(struct(news));
    request.setIgnorechangesList(ignoreChanges);
    const response = await this.call<pb.DiffResponse>("diff", request);
    const kinds = Object.keys(pb.PropertyDiff.Kind);
    const changes: Record<string, string> = {};
    response
      .getDetaileddiffMap()
      .forEach((diff, property) => (changes[property] = kinds[diff.getKind()] ?? ""));
    return {
      changes,
      replaces: response.getReplacesList(),
      deleteBeforeReplace: response.getDeletebeforereplace(),
    };
  }

  /** Checks and creates. */
  async create(
    type: string,
    name: string,
    news: Properties,
    preview = false,
  ): Promise<EngineResource> {
    const inputs = await this.checked(type, name, news);
    const request = new pb.CreateRequest();
    request.setType(type);
    request.setName(name);
    request.setProperties(struct(inputs));
    request.setPreview(preview);
    const response = await this.call<pb.CreateResponse>("create", request);
    return { type, name, id: response.getId(), inputs, state: plain(response.getProperties()) };
  }

  /** Checks and updates. */
  async update(
    resource: EngineResource,
    news: Properties,
    preview = false,
    ignoreChanges: string[] = [],
  ): Promise<EngineResource> {
    const inputs = await this.checked(resource.type, resource.name, news, resource.inputs);
    const request = new pb.UpdateRequest();
    request.setType(resource.type);
    request.setName(resource.name);
    request.setId(resource.id);
    request.setOlds(struct(resource.state));
    request.setOldInputs(struct(resource.inputs));
    request.setNews(struct(inputs));
    request.setPreview(preview);
    request.setIgnorechangesList(ignoreChanges);
    const response = await this.call<pb.UpdateResponse>("update", request);
    return { ...resource, inputs, state: plain(response.getProperties()) };
  }

  /** The resource as it is now, or undefined when it is gone. */
  async read(resource: EngineResource): Promise<EngineResource | undefined> {
    const request = new pb.ReadRequest();
    request.setType(resource.type);
    request.setName(resource.name);
    request.setId(resource.id);
    request.setProperties(struct(resource.state));
    request.setInputs(struct(resource.inputs));
    const response = await this.call<pb.ReadResponse>("read", request);
    if (response.getId() === "") return undefined;
    const [state, inputs] = [plain(response.getProperties()), plain(response.getInputs())];
    return { ...resource, state, inputs };
  }

  async delete(resource: EngineResource): Promise<void> {
    const request = new pb.DeleteRequest();
    request.setType(resource.type);
    request.setName(resource.name);
    request.setId(resource.id);
    request.setProperties(struct(resource.state));
    await this.call("delete", request);
  }

  async invoke(token: string, args: Properties): Promise<Properties> {
    const request = new pb.InvokeRequest();
    request.setTok(token);
    request.setArgs(struct(args));
    return plain((await this.call<pb.InvokeResponse>("invoke", request)).getReturn());
  }

  async cancel(): Promise<void> {
    await this.call("cancel", new empty.Empty());
  }

  private call<Response = unknown>(method: string, request: unknown): Promise<Response> {
    type Method = (
      request: unknown,
      done: (error: ServiceError | null, response: Response) => void,
    ) => void;
    const methods = this.client as unknown as Record<string, Method>;
    return new Promise((resolve, reject) => {
      methods[method]!(request, (error, response) => (error ? reject(error) : resolve(response)));
    });
  }
}

/** What the engine records of a resource that was made but is not as wanted, from the step's error. */
export function incomplete(error: unknown): { id: string; state: Properties } | undefined {
  const [details] = (error as ServiceError).metadata.get("grpc-status-details-bin");
  if (!details) return undefined;
  const [detail] = statuses.Status.deserializeBinary(Buffer.from(details)).getDetailsList();
  const failed = pb.ErrorResourceInitFailed.deserializeBinary(detail!.getValue_asU8());
  return { id: failed.getId(), state: plain(failed.getProperties()) };
}

const plain = (value: Struct | undefined): Properties => value?.toJavaScript() ?? {};
const struct = (value: Properties): Struct =>
  structs.Struct.fromJavaScript(JSON.parse(JSON.stringify(value)) as Record<string, string>);

const failures = (response: pb.CheckResponse): Record<string, string> =>
  Object.fromEntries(
    response.getFailuresList().map((failure) => [failure.getProperty(), failure.getReason()]),
  );
