import { expect } from "chai";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import {
  inBatches,
  parseLine,
  TaskLogs,
  type Line,
} from "../../../../../lab/controller/tasks/logs.ts";
import { withFakeEngine } from "../fake-engine.ts";
import { task } from "../observed.ts";

const at = (second: number) => `2026-11-27T13:00:0${second}.000000001Z`;

async function* stream(...texts: string[]): AsyncGenerator<Line> {
  for (const text of texts) yield await Promise.resolve({ time: at(1), text });
}

describe("The lines that a task prints", () => {
  it("are read with the time that Docker gives, and without empty ones", () => {
    expect(parseLine(`${at(1)} GET / 200`)).to.deep.equal({ time: at(1), text: "GET / 200" });
    expect(parseLine(`${at(1)} `)).to.equal(undefined);
    expect(parseLine("")).to.equal(undefined);
  });

  it("are sent in their order, in calls of limited size, until the last one", async () => {
    const lines = Array.from({ length: 120 }, (_, index) => String(index));
    const batches: string[][] = [];
    await inBatches(
      stream(...lines),
      (batch) => {
        batches.push(batch.map(({ text }) => text));
        return Promise.resolve();
      },
      1,
    );
    expect(batches.flat()).to.deep.equal(lines);
    for (const batch of batches) expect(batch).to.have.length.within(1, 50);
  });

  it("stop at a call that fails and at output that breaks off", async () => {
    const failure = new Error("no answer");
    const put = () => Promise.reject(failure);
    expect(await inBatches(stream("1"), put, 1).catch((error: unknown) => error)).to.equal(failure);
    async function* broken(): AsyncGenerator<Line> {
      yield* stream("1");
      throw failure;
    }
    const seen: Line[] = [];
    const sent = inBatches(broken(), (batch) => Promise.resolve(void seen.push(...batch)), 1);
    expect(await sent.catch((error: unknown) => error)).to.equal(failure);
    expect(seen).to.have.length(1);
  });
});

describe("The log of a task", () => {
  const logged = { ...task, logGroup: "/dev-app", logStream: "app/app/0123" };
  const images = { machine: "", net: "", mysql: "" };
  /** As Docker sends the output of a container without a terminal: kind, length, text. */
  const frame = (text: string, kind = 1) => {
    const head = Buffer.from([kind, 0, 0, 0, 0, 0, 0, 0]);
    head.writeUInt32BE(Buffer.byteLength(text), 4);
    return Buffer.concat([head, Buffer.from(text)]);
  };

  async function follow(seen: string, put: (messages: string[]) => void) {
    const urls: string[] = [];
    let cursor = "";
    await withFakeEngine(
      (request, response) => {
        urls.push(request.url!);
        response.write(frame(`${at(1)} old\n${at(2)} ne`));
        // The rest of the line comes on its own.
        setTimeout(() => {
          response.write(frame(`w\n`));
          response.end(frame(`${at(3)} from stderr\n`, 2));
        }, 50);
      },
      async (_, home) => {
        const directory = `${home}/tasks/task-${task.id}`;
        await mkdir(directory, { recursive: true });
        if (seen) await writeFile(`${directory}/logged`, seen);
        const logs = new TaskLogs({ name: "unit", home, subnet: 0, images }, {
          createLogStream: () => Promise.resolve({}),
          putLogEvents: ({ logEvents }: { logEvents: { message: string }[] }) => {
            put(logEvents.map(({ message }) => message));
            return Promise.resolve({});
          },
        } as never);
        await logs.follow(logged);
        expect(logs.isFollowing(logged)).to.equal(false);
        cursor = await readFile(`${directory}/logged`, "utf8");
      },
    );
    return { urls, cursor };
  }

  it("is all that the container has printed, on both its outputs", async () => {
    const messages: string[] = [];
    const { urls, cursor } = await follow("", (more) => messages.push(...more));
    expect(messages).to.deep.equal(["old", "new", "from stderr"]);
    expect(cursor).to.equal(at(3));
    expect(urls[0])
      .to.match(/^\/containers\/unit-task-0123456789abcdef/)
      .and.include("since=0");
  });

  it("goes on after the last line that a controller before has sent", async () => {
    const messages: string[] = [];
    const { urls } = await follow(at(1), (more) => messages.push(...more));
    expect(messages).to.deep.equal(["new", "from stderr"]);
    expect(urls[0]).to.include(`since=${Date.parse("2026-11-27T13:00:01Z") / 1000}`);
  });

  it("ends with its group, and not by another error", async () => {
    const error = (name: string) => Object.assign(new Error("refused"), { name });
    const failing = (name: string) =>
      follow("", () => {
        throw error(name);
      }).catch((problem: Error) => problem);
    // No line was sent, so there is no cursor.
    expect(await failing("ResourceNotFoundException")).to.have.property("code", "ENOENT");
    expect(await failing("InternalFailure")).to.have.property("name", "InternalFailure");
  });
});
