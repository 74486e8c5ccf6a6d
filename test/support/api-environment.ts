import { type ApiServer, startApi } from "../../lab/support/api-server.ts";

/** Has AWS's clients of this process call a lab's API. Returns what makes the environment as it was. */
function callApi({ endpoint, client }: ApiServer): () => void {
  const outside = { ...process.env };
  Object.assign(process.env, {
    ...{ AWS_ENDPOINT_URL: endpoint, AWS_REGION: client.region },
    ...{ AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" },
  });
  return () => {
    process.env = outside;
  };
}

/**
 * Gives the suite a lab's API, which the AWS clients of this process call. Call it in `describe`.
 *
 * @param env of the API's process
 */
export function useApi(env: Record<string, string> = {}): { readonly api: ApiServer } {
  let api: ApiServer | undefined;
  let restore: (() => void) | undefined;
  before(async () => {
    api = await startApi(env);
    restore = callApi(api);
  });
  after(async () => {
    restore?.();
    await api?.stop();
  });
  return {
    get api(): ApiServer {
      if (!api) throw new Error("the API does not run yet");
      return api;
    },
  };
}
