/** Sends what the containers of tasks print to CloudWatch Logs, also what they printed while no controller ran. */
import { CloudWatchLogs } from "@aws-sdk/client-cloudwatch-logs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Task } from "../control-api.ts";
import { engine, type Lab } from "../docker.ts";
import { taskResource } from "../ports.ts";

/** Milliseconds between two calls for one task. */
const batchInterval = 1_000;
/** Below the 10,000 events and 1 MiB of a call: Docker divides lines of more than 16 KiB. */
const batchSize = 50;

/** One line of output. */
export interface Line {
  /** RFC 3339 with nine digits, so that texts compare as times do. */
  time: string;
  text: string;
}

/** Reads a line as Docker gives it with timestamps; undefined for an empty one, which CloudWatch Logs refuses. */
export function parseLine(line: string): Line | undefined {
  const blank = line.indexOf(" ");
  const [time, text] = [line.slice(0, blank), line.slice(blank + 1)];
  return blank > 0 && text ? { time, text } : undefined;
}

/** Calls `put` with lines as they come, at most once in an interval, until there are no more. Rejects if `put` does. */
export async function inBatches(
  lines: AsyncIterable<Line>,
  put: (batch: Line[]) => Promise<void>,
  interval = batchInterval,
): Promise<void> {
  const waiting: Line[] = [];
  let ended = false;
  const end = new AbortController();
  const reading = (async () => {
    try {
      for await (const line of lines) waiting.push(line);
    } finally {
      ended = true;
      end.abort();
    }
  })();
  // It is awaited last.
  reading.catch(() => undefined);
  while (!ended || waiting.length > 0) {
    const batch = waiting.slice(0, batchSize);
    if (batch.length > 0) await put(batch);
    waiting.splice(0, batch.length);
    if (waiting.length === 0 && !ended)
      await sleep(interval, undefined, { signal: end.signal }).catch(() => undefined);
  }
  await reading;
}

type Client = Pick<CloudWatchLogs, "createLogStream" | "putLogEvents">;

export class TaskLogs {
  private readonly lab: Lab;
  private readonly client: Client;
  /** What is sent at the moment, by task. */
  private readonly sending = new Map<string, Promise<void>>();

  constructor(lab: Lab, client: Client = new CloudWatchLogs()) {
    this.lab = lab;
    this.client = client;
  }

  /** Makes the task's log stream. Rejects with CloudWatch Logs' error if there is no such group. */
  async open({ logGroup, logStream }: Task): Promise<void> {
    if (!logGroup || !logStream) return;
    await this.client
      .createLogStream({ logGroupName: logGroup, logStreamName: logStream })
      .catch((error: Error) => {
        if (error.name !== "ResourceAlreadyExistsException") throw error;
      });
  }

  /** Whether a task's output is being sent. */
  isFollowing({ id }: Task): boolean {
    return this.sending.has(id);
  }

  /**
   * Sends the output from now on, unless that is under way. Resolves when the container has ended and all is sent. After an
   * error the next call goes on where this one stopped.
   */
  async follow(task: Task): Promise<void> {
    if (!task.logGroup || !task.logStream) return;
    const sending = this.sending.get(task.id) ?? this.send(task);
    this.sending.set(task.id, sending);
    await sending.catch(ifGone).finally(() => this.sending.delete(task.id));
  }

  private async send(task: Task): Promise<void> {
    const directory = `${this.lab.home}/tasks/${taskResource(task)}`;
    await mkdir(directory, { recursive: true });
    const cursor = `${directory}/logged`;
    const seen = await readFile(cursor, "utf8").catch(() => "");
    const lines = await outputSince(`${this.lab.name}-${taskResource(task)}`, seen);
    await inBatches(lines, async (batch) => {
      await this.client.putLogEvents({
        logGroupName: task.logGroup!,
        logStreamName: task.logStream!,
        logEvents: batch.map(({ time, text }) => ({ timestamp: Date.parse(time), message: text })),
      });
      await writeFile(`${cursor}.new`, batch.at(-1)!.time);
      await rename(`${cursor}.new`, cursor);
    });
  }
}

/** Where the log group is gone, so is the log. */
function ifGone(error: Error): void {
  if (error.name !== "ResourceNotFoundException") throw error;
}

/** What a container has printed after that time and will print until it ends. */
async function outputSince(container: string, seen: string): Promise<AsyncIterable<Line>> {
  const options = { follow: true, stdout: true, stderr: true, timestamps: true } as const;
  // Docker takes whole seconds.
  const since = seen ? Math.floor(Date.parse(seen) / 1000) : 0;
  const stream = await engine.getContainer(container).logs({ ...options, since });
  const output = new PassThrough();
  engine.modem.demuxStream(stream, output, output);
  void once(stream, "close").then(
    () => output.end(),
    (error: Error) => output.destroy(error),
  );
  return linesOf(output, seen);
}

async function* linesOf(output: PassThrough, seen: string): AsyncGenerator<Line> {
  let rest = "";
  for await (const chunk of output.setEncoding("utf8")) {
    const texts = (rest + (chunk as string)).split("\n");
    rest = texts.pop()!;
    for (const text of texts) {
      const line = parseLine(text);
      if (line && line.time > seen) yield line;
    }
  }
}
