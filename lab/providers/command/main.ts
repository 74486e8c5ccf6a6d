/** The command provider's process: `main.ts ENGINE_ADDRESS` prints the port that it listens on. */
import { Server, ServerCredentials } from "@grpc/grpc-js";
import provider from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { service } from "./service.ts";

// Flags such as -v=9 and --logtostderr come before the address.
const address = process.argv.at(-1)!;
const gone = new AbortController();
const server = new Server({ "grpc.max_receive_message_length": -1 });
server.addService(provider.ResourceProviderService, service(address, gone.signal));
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log(String(port));
});

// Nobody stops a plugin when its engine is killed. 1.2.1 then goes on with its commands for ever.
const engine = process.ppid;
setInterval(() => {
  if (process.ppid === engine || gone.signal.aborted) return;
  gone.abort(new Error("the Pulumi engine has gone"));
  // Time for the signals to reach the commands and for SSH's farewell.
  setTimeout(() => process.exit(1), 1000);
}, 500);
