/**
 * The lab's aws provider: the engine starts it, reads the port from its
 * standard output and drives it over gRPC. It ends with the engine.
 */
import { Server, ServerCredentials } from "@grpc/grpc-js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";

import { serviceImplementation } from "./service.ts";

/** As the engine allows; gRPC's own limit of 4 MB is less than a large object's content. */
const maxMessageBytes = 400 * 1024 * 1024;

const server = new Server({
  "grpc.max_receive_message_length": maxMessageBytes,
  "grpc.max_send_message_length": maxMessageBytes,
});
server.addService(services.ResourceProviderService, serviceImplementation());
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${port}\n`);
});

// A killed engine cannot end its plugins.
const engine = process.ppid;
setInterval(() => process.ppid === engine || process.exit(1), 1000).unref();
