import type { ApiServer } from "../../lab/support/api-server.ts";

/** Has AWS's clients of this process call a lab's API. Returns what makes the environment as it was. */
export function callApi({ endpoint, client }: ApiServer): () => void {
  const outside = { ...process.env };
  Object.assign(process.env, {
    ...{ AWS_ENDPOINT_URL: endpoint, AWS_REGION: client.region },
    ...{ AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" },
  });
  return () => {
    process.env = outside;
  };
}
