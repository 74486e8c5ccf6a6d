import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

/** A lab API of a test's own: a fresh, empty AWS account. */
export interface ApiServer {
  /** `http://127.0.0.1:PORT`; for AWS_ENDPOINT_URL or a client's `endpoint`. */
  endpoint: string;
  /** Configuration for the AWS SDK's clients: region us-west-2, path-style S3, no retries. */
  client: {
    endpoint: string;
    region: string;
    credentials: { accessKeyId: string; secretAccessKey: string };
    forcePathStyle: true;
    maxAttempts: 1;
  };
  /** Ends the process and waits until it is gone. */
  stop(): Promise<void>;
}

/**
 * Starts lab/api/server.py on a free loopback port and waits until it listens (about a second), with the
 * Python of $LAB_VENV (lab/shell/env.sh sets it). The caller's lab is not involved: LAB_HOME and LAB_CONTROLLER reach the
 * server only through `env`. Throws with the server's standard error when it ends before it listens.
 */
export async function startApi(env: Record<string, string> = {}): Promise<ApiServer> {
  const venv = process.env.LAB_VENV;
  if (!venv) throw new Error("LAB_VENV is not set: run the tests by lab/test");
  const inherited = { ...process.env };
  delete inherited.LAB_HOME;
  delete inherited.LAB_CONTROLLER;
  const server = spawn(join(venv, "bin/python"), [join(import.meta.dirname, "../api/server.py")], {
    env: { ...inherited, LAB_API_PORT: "0", LAB_SUBNET: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exit = once(server, "exit");
  let errors = "";
  server.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  const endpoint = await new Promise<string>((resolve, reject) => {
    let output = "";
    server.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      const line = /^listening on (\S+)\n/.exec(output);
      if (line) resolve(line[1]!);
    });
    server.on("error", reject);
    server.on("close", (code) =>
      reject(new Error(`lab/api/server.py ended with ${code}: ${errors.trim()}`)),
    );
  });
  return {
    endpoint,
    client: {
      endpoint,
      region: "us-west-2",
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
      forcePathStyle: true,
      maxAttempts: 1,
    },
    async stop() {
      server.kill("SIGTERM");
      await exit;
    },
  };
}
