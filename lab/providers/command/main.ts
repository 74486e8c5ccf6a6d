/** The command provider's process: `main.ts ENGINE_ADDRESS` prints the port that it listens on. */
import { serve, whenEngineGone } from "../kit/process.ts";
import { service } from "./service.ts";

// Flags such as -v=9 and --logtostderr come before the address.
const address = process.argv.at(-1)!;
const gone = new AbortController();
serve(service(address, gone.signal), { "grpc.max_receive_message_length": -1 });

// Unlike 1.2.1, which goes on with its commands for ever.
whenEngineGone(500, () => {
  gone.abort(new Error("the Pulumi engine has gone"));
  // Time for the signals to reach the commands and for SSH's farewell.
  setTimeout(() => process.exit(1), 1000);
});
