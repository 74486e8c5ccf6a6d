/** vCPU and memory of a task, and how many requests it handles at a time. */
export interface TaskSize {
  readonly vcpu: number;
  readonly memoryGb: number;
}

const range = (least: number, most: number, step: number) =>
  Array.from({ length: (most - least) / step + 1 }, (_, index) => least + index * step);

/**
 * What Fargate accepts on Linux: vCPU, and the GB of memory that go with it.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
 */
export const fargateSizes: ReadonlyMap<number, readonly number[]> = new Map([
  [0.25, [0.5, 1, 2]],
  [0.5, range(1, 4, 1)],
  [1, range(2, 8, 1)],
  [2, range(4, 16, 1)],
  [4, range(8, 30, 1)],
  [8, range(16, 60, 4)],
  [16, range(32, 120, 8)],
]);

/** Reads a size as `0.25 vCPU, 0.5 GB`, whether Fargate has it or not; undefined if it is written in another way. */
export function parseTaskSize(text: string): TaskSize | undefined {
  const [, vcpu, memory] = /^(\d+(?:\.\d+)?) ?vCPU, ?(\d+(?:\.\d+)?) ?GB$/i.exec(text.trim()) ?? [];
  if (vcpu === undefined) return undefined;
  return { vcpu: Number(vcpu), memoryGb: Number(memory) };
}

/** Processes of gunicorn in a task: two for each vCPU, as gunicorn's documentation starts from, and at least two. */
export function workersOf({ vcpu }: TaskSize): number {
  return Math.max(2, 2 * vcpu);
}

/**
 * Threads of each worker in the project's own image. The app gets one request at a time (scripts/gunicorn_task.py); the
 * others are for slow clients, because no proxy in front buffers what they send.
 */
export const threadsPerWorker = 8;
