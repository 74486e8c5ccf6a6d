/** How the TCP ports of a machine answer this computer. */
import { connect } from "node:net";

/** `silent` is no answer at all, which is what a firewall gives. */
export type PortAnswer = "open" | "refused" | "silent";

/** Asks a port, until `signal` is aborted: it is silent then. A route that is missing is no answer either. */
export function answerOf(host: string, port: number, signal: AbortSignal): Promise<PortAnswer> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (answer: PortAnswer) => {
      signal.removeEventListener("abort", silent);
      socket.destroy();
      resolve(answer);
    };
    const silent = () => end("silent");
    signal.addEventListener("abort", silent);
    if (signal.aborted) silent();
    socket.on("connect", () => end("open"));
    socket.on("error", ({ code }: NodeJS.ErrnoException) =>
      end(code === "ECONNREFUSED" ? "refused" : "silent"),
    );
  });
}
