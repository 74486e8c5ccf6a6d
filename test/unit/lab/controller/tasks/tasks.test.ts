import { expect } from "chai";
import type { Place } from "../../../../../lab/controller/attachment.ts";
import type { Container } from "../../../../../lab/controller/docker.ts";
import type { TaskLogs } from "../../../../../lab/controller/tasks/logs.ts";
import { Tasks } from "../../../../../lab/controller/tasks/tasks.ts";
import { withFakeEngine } from "../fake-engine.ts";
import { task } from "../observed.ts";

const ended = {
  name: `unit-task-${task.id}`,
  ...{ running: false, created: false, exitCode: 3, outOfMemory: false },
} as Container;

/** What the API is told, and what the engine and the log are asked, in this order. */
async function reconcile(of: Partial<typeof task>, container?: Container, unread?: Error) {
  const seen: string[] = [];
  const { fetch } = globalThis;
  globalThis.fetch = (_, init) => {
    seen.push(`report ${init!.body as string}`);
    return Promise.resolve(new Response("{}"));
  };
  const logs = {
    isFollowing: () => false,
    follow: () => {
      seen.push("log");
      return unread ? Promise.reject(unread) : Promise.resolve();
    },
  } as unknown as TaskLogs;
  const lab = { name: "unit", home: "", subnet: 0, images: { machine: "", net: "", mysql: "" } };
  const tasks = new Tasks(lab, logs, (_, job) => job());
  try {
    await withFakeEngine(
      ({ method, url }, response) => {
        seen.push(`${method} ${url}`);
        const State = { Running: false, Status: "exited", ExitCode: 137, OOMKilled: false };
        response.end(JSON.stringify({ Name: `/${ended.name}`, State, Config: { Labels: {} } }));
      },
      () => tasks.reconcile({ ...task, ...of }, { container } as Place),
    );
  } finally {
    globalThis.fetch = fetch;
  }
  return seen;
}

const stopped = (more: object) =>
  `report ${JSON.stringify({ id: task.id, status: "stopped", ...more })}`;

describe("The task of a service", () => {
  it("has its exit code reported after its log is complete, whoever saw its end", async () => {
    const expected = ["log", stopped({ exitCode: 3 })];
    for (const lastStatus of ["PROVISIONING", "RUNNING", "DEACTIVATING"])
      expect(await reconcile({ lastStatus }, ended)).to.deep.equal(expected);
    expect(await reconcile({ desiredStatus: "STOPPED" }, ended)).to.deep.equal(expected);
  });

  it("is not reported stopped while its log cannot be sent", async () => {
    const problem = new Error("no answer");
    const refusal: unknown = await reconcile({}, ended, problem).catch((error: unknown) => error);
    expect(refusal).to.equal(problem);
  });

  it("says that its memory was too small", async () => {
    const killed = { ...ended, exitCode: 137, outOfMemory: true };
    const reason = "OutOfMemoryError: Container killed due to memory usage";
    expect(await reconcile({}, killed)).to.include(stopped({ exitCode: 137, reason }));
  });

  it("gets SIGTERM, and SIGKILL after its stop timeout, and then is reported", async () => {
    const running = { ...ended, running: true };
    expect(await reconcile({ desiredStatus: "STOPPED" }, running)).to.deep.equal([
      "log",
      `POST /containers/${ended.name}/stop?t=30`,
      `GET /containers/${ended.name}/json`,
      "log",
      stopped({ exitCode: 137 }),
    ]);
  });

  it("is reported stopped without an exit code if it never had a container", async () => {
    expect(await reconcile({ desiredStatus: "STOPPED" })).to.deep.equal([stopped({})]);
  });

  it("is not started again when its container was removed", async () => {
    const reason = "The task's container was removed";
    for (const lastStatus of ["RUNNING", "DEACTIVATING", "STOPPING"])
      expect(await reconcile({ lastStatus })).to.deep.equal([stopped({ reason })]);
  });

  it("is not started with a problem, which is its reason", async () => {
    const problem = "ResourceInitializationError: unable to pull secrets";
    expect(await reconcile({ problem })).to.deep.equal([stopped({ reason: problem })]);
  });
});
