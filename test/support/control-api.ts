import type { ApiServer } from "../../lab/support/api-server.ts";

/** A call of the control API; `body` makes it a POST. */
export async function controlApi(api: ApiServer, path: string, body?: object) {
  const init = body ? { method: "POST", body: JSON.stringify(body) } : {};
  const response = await fetch(`${api.endpoint}/_lab/${path}`, init);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}
