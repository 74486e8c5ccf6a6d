import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ApiServer, startApi } from "../../lab/support/api-server.ts";
import { run } from "../../lab/support/lab.ts";

const lab = join(import.meta.dirname, "../../lab");

/** Gives the suite a program of the lab, as lab/mailbox, whose lab is an API alone. Call it in `describe`. */
export function useLabCommand(name: string) {
  const directory = mkdtempSync(join(tmpdir(), `${name}-`));
  let api: ApiServer | undefined;
  before(async () => {
    api = await startApi();
    for (const part of [name, "shell"])
      cpSync(join(lab, part), join(directory, part), { recursive: true });
    const run = `#!/bin/sh\nAWS_ENDPOINT_URL=${api.endpoint} exec "$@"\n`;
    writeFileSync(join(directory, "in"), run, { mode: 0o755 });
  });
  after(async () => {
    await api?.stop();
    rmSync(directory, { recursive: true });
  });
  return {
    /** @throws outside of tests and hooks of the suite */
    get api(): ApiServer {
      if (!api) throw new Error("the API does not run yet");
      return api;
    },
    call: (...args: string[]) => run(join(directory, name), args),
  };
}
