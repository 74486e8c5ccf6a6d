/**
 * The lab's aws provider: the engine starts it, reads the port from its
 * standard output and drives it over gRPC. It ends with the engine.
 */
import { serve, whenEngineGone } from "../kit/process.ts";
import { serviceImplementation } from "./service.ts";

/** As the engine allows; gRPC's own limit of 4 MB is less than a large object's content. */
const maxMessageBytes = 400 * 1024 * 1024;

serve(serviceImplementation(), {
  "grpc.max_receive_message_length": maxMessageBytes,
  "grpc.max_send_message_length": maxMessageBytes,
});
whenEngineGone(1000, () => process.exit(1));
