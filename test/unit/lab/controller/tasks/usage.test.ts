import { expect } from "chai";
import {
  sampleOf,
  usageFile,
  type Sample,
} from "../../../../../lab/controller/tasks/processor-time.ts";
import { percentOf, TaskUsage } from "../../../../../lab/controller/tasks/usage.ts";
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
  const usage = new TaskUsage(lab, (pid) => {
    expect(pid).to.equal(4711);
    return Promise.resolve(next!.cpu < 0 ? undefined : next);
  });
  try {
    await withFakeEngine(
      ({ url }, response) => {
        asked.push(url!);
        if (!next) return void response.writeHead(404).end('{"message":"no such container"}');
        const State = { Running: next.time > 0, Pid: next.time > 0 ? 4711 : 0, Status: "running" };
        response.end(JSON.stringify({ Name: "/a", Config: { Labels: {} }, State }));
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
    expect(asked[0]).to.match(/^\/containers\/unit-task-\w+\/json/);
  });

  it("is not reported of a task that does not run, or has ended", async () => {
    const ended = { time: -1, cpu: 0 };
    expect((await report([after(0, 5), undefined, after(8, 6)])).told).to.deep.equal([]);
    expect((await report([after(0, 5), ended, after(8, 6)])).told).to.deep.equal([]);
    const endsNow = { ...after(4, 5), cpu: -1 };
    expect((await report([after(0, 5), endsNow, after(8, 6)])).told).to.deep.equal([]);
    const statuses = [{ lastStatus: "PROVISIONING" }, { lastStatus: "DEACTIVATING" }];
    const { told, asked } = await report([after(0, 5), after(4, 6)], statuses);
    expect({ told, asked }).to.deep.equal({ told: [], asked: [] });
  });

  it("is what the kernel counts for its control group, of version 1 or 2", () => {
    const first =
      "12:net_prio:/\n2:cpu,cpuacct:/docker/a1\n1:name=systemd:/docker/b2\n0::/docker/c3\n";
    expect(usageFile(first)).to.deep.equal({
      ...{ path: "/sys/fs/cgroup/cpuacct/docker/a1/cpuacct.usage", label: "", nanoseconds: 1 },
    });
    expect(usageFile(first.replace("cpu,cpuacct", "cpuacct"))).to.deep.equal(usageFile(first));
    const path = "/system.slice/docker-a1.scope";
    expect(usageFile(`0::${path}\n`)).to.deep.equal({
      ...{ path: `/sys/fs/cgroup${path}/cpu.stat`, label: "usage_usec ", nanoseconds: 1000 },
    });
    expect(usageFile("3:memory:/\n")).to.equal(undefined);
  });

  it("grows while a process of this computer works, and is unknown of one that has ended", async () => {
    const before = (await sampleOf(process.pid))!;
    for (const end = Date.now() + 200; Date.now() < end;);
    const { cpu, time } = (await sampleOf(process.pid))!;
    expect(cpu).to.be.above(before.cpu + 50e6);
    expect(time).to.be.at.least(before.time + 200);
    expect(await sampleOf(0x7fffffff)).to.equal(undefined);
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
