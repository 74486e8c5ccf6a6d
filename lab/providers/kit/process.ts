/** The process of a provider, as Pulumi's engine starts and ends it. */
import {
  Server,
  ServerCredentials,
  type ServerOptions,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";

/** Serves on a free port of loopback and prints the port, which the engine reads. */
export function serve(implementation: UntypedServiceImplementation, options: ServerOptions): void {
  const server = new Server(options);
  server.addService(services.ResourceProviderService, implementation);
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    process.stdout.write(`${port}\n`);
  });
}

/**
 * Calls `stop` once the engine, this process's parent, has gone: a killed engine cannot end its plugins.
 *
 * @param pollInterval in milliseconds
 */
export function whenEngineGone(pollInterval: number, stop: () => void): void {
  const engine = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === engine) return;
    clearInterval(timer);
    stop();
  }, pollInterval).unref();
}
