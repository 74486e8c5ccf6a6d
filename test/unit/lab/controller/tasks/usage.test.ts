import { expect } from "chai";
import { percentOf, TaskUsage, type Sample } from "../../../../../lab/controller/tasks/usage.ts";
import { withFakeEngine } from "../fake-engine.ts";
import { task } from "../observed.ts";

const lab = {
  ...{ name: "unit", home: "", subnet: 0 },
  images: { machine: "", net: "", mysql: "" },
};
const scaled = { ...task, cpu: 256, lastStatus: "RUNNING", usageInterval: 4 };
/** What the container has used after so many seconds. */
const after = (seconds: number, used: number): Sample => ({
  time: Date.parse("2026-01-02T03:04:00Z") + seconds * 1000,
  cpu: used * 1e9,
});

/** Reports once for each of the answers, and resolves to what the API is told, and what the engine is asked. */
async function report(samples: (Sample | undefined)[], of: object[] = []) {
  const [told, asked]: [unknown[], string[]] = [[], []];
  const { fetch } = globalThis;
  globalThis.fetch = (_, init) => {
    told.push((JSON.parse(init!.body as string) as { tasks: unknown }).tasks);
    return Promise.resolve(new Response("{}"));
  };
  let next: Sample | undefined;
  const usage = new TaskUsage(lab);
  try {
    await withFakeEngine(
      ({ url }, response) => {
        asked.push(url!);
        if (!next) return void response.writeHead(404).end('{"message":"no such container"}');
        const read = next.time < 0 ? "0001-01-01T00:00:00Z" : new Date(next.time).toISOString();
        const cpu_usage = { total_usage: next.cpu };
        response.end(JSON.stringify({ read, cpu_stats: { cpu_usage } }));
      },
      async () => {
        for (const [index, sample] of samples.entries()) {
          next = sample;
          await usage.report([{ ...scaled, ...of[index] }]);
        }
      },
    );
  } finally {
    globalThis.fetch = fetch;
  }
  return { told, asked };
}

describe("The CPU that a task uses", () => {
  it("is a share of its own vCPU, whatever the machine has", () => {
    expect(percentOf({ cpu: 256 }, after(0, 10), after(4, 11))).to.equal(100);
    expect(percentOf({ cpu: 256 }, after(0, 10), after(4, 10.5))).to.equal(50);
    expect(percentOf({ cpu: 2048 }, after(0, 0), after(2, 1))).to.equal(25);
  });

  it("is reported from the second look on, each time since the last one", async () => {
    const { told, asked } = await report([after(0, 5), after(4, 5.5), after(8, 6.5)]);
    expect(told).to.deep.equal([{ [task.id]: 50 }, { [task.id]: 100 }]);
    expect(asked[0]).to.match(/^\/containers\/unit-task-\w+\/stats\?/);
    expect(asked[0]).to.include("stream=false").and.include("one-shot=true");
  });

  it("is not reported of a task that does not run, or has ended", async () => {
    const ended = { time: -1, cpu: 0 };
    expect((await report([after(0, 5), undefined, after(8, 6)])).told).to.deep.equal([]);
    expect((await report([after(0, 5), ended, after(8, 6)])).told).to.deep.equal([]);
    const statuses = [{ lastStatus: "PROVISIONING" }, { lastStatus: "DEACTIVATING" }];
    const { told, asked } = await report([after(0, 5), after(4, 6)], statuses);
    expect({ told, asked }).to.deep.equal({ told: [], asked: [] });
  });

  it("is not guessed where the engine does not answer twice in time", async () => {
    expect((await report([after(0, 5), after(0, 6)])).told).to.deep.equal([]);
  });

  it("is looked at for as long as a service is scaled, and an error is for the log", async () => {
    const errors: string[] = [];
    let looks = 0;
    const end = new Error("enough");
    const watch = () =>
      new TaskUsage(lab).watch(
        () => [{ ...scaled, usageInterval: looks++ === 0 ? 0.01 : null }],
        async (key, job) => {
          if (looks === 2) throw end;
          await job().catch((error: Error) => errors.push(`${key}: ${error.message}`));
        },
      );
    await withFakeEngine(
      (_, response) => void response.writeHead(500).end('{"message":"no"}'),
      async () => {
        expect(await watch().catch((error: unknown) => error)).to.equal(end);
      },
    );
    expect(errors).to.have.length(1);
    expect(errors[0]).to.match(/^CPU use of tasks: /);
  });
});
