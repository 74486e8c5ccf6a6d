/** What the app server and the tasks have logged, read in CloudWatch with the operator's credentials: logs --since. */
import {
  CloudWatchLogsClient,
  paginateFilterLogEvents,
  type FilteredLogEvent,
} from "@aws-sdk/client-cloudwatch-logs";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { clientOptionsOf, type AwsAccount } from "../network/aws-account.ts";
import { Failure } from "./failure.ts";
import { root } from "./names.ts";
import { checkSignals } from "./processes.ts";

interface StoredLogs {
  readonly groups: readonly string[];
  readonly account: AwsAccount;
  /** Milliseconds since 1970. */
  readonly start: number;
  /** Also health checks and the proxy's notices. */
  readonly all: boolean;
  readonly stop: AbortSignal;
  /** Commands, for remedies. */
  readonly commands: { readonly make: string; readonly local: string };
}

/**
 * Lines as scripts/logs.sh prints them, the oldest first: CloudWatch sorts those of a group by time (its API reference,
 * "FilterLogEvents").
 *
 * @throws {Failure} if CloudWatch does not give them
 */
export async function* storedLines(args: StoredLogs): AsyncGenerator<string> {
  const noise = readFileSync(join(root, "scripts/log-noise"), "utf8");
  const isNoise = new RegExp(noise.trim().replaceAll("\n", "|"));
  for await (const event of merged(args.groups.map((group) => events(group, args)))) {
    const text = line(event);
    if (args.all || !isNoise.test(text)) yield text;
  }
}

/** As scripts/task_logs.py has it for tasks, whose stream is SERVICE/CONTAINER/TASK. */
function line({ timestamp = 0, message = "", logStreamName = "" }: FilteredLogEvent): string {
  const [service, container, task] = logStreamName.split("/");
  const by = task ? `${service === "app" ? "task" : container}-${task.slice(0, 8)} ` : "";
  return `${new Date(timestamp).toISOString().slice(0, 19)}Z ${by}${message.trimEnd()}`;
}

async function* events(group: string, args: StoredLogs): AsyncGenerator<FilteredLogEvent> {
  const { account, start: startTime, stop } = args;
  try {
    const client = new CloudWatchLogsClient(await clientOptionsOf(account, stop));
    const pages = paginateFilterLogEvents(
      { client },
      { logGroupName: group, startTime },
      {
        abortSignal: stop,
      },
    );
    for await (const page of pages) yield* page.events ?? [];
  } catch (error) {
    checkSignals();
    throw explained(error as Error, group, args);
  }
}

function explained({ name, message }: Error, group: string, { commands }: StoredLogs): Failure {
  const local = `what the machine itself has: ${commands.local}`;
  if (name === "ResourceNotFoundException")
    return new Failure(
      `CloudWatch has no log group ${group}: somebody has deleted it, with its lines`,
      `make it again: ${commands.make};\n        ${local}`,
    );
  return new Failure(
    `the log group ${group} cannot be read: ${name}: ${message}`,
    `log in to AWS with credentials that may logs:FilterLogEvents there;\n        ${local}`,
  );
}

/** Merges sources that are in the order of time. */
async function* merged(
  sources: readonly AsyncGenerator<FilteredLogEvent>[],
): AsyncGenerator<FilteredLogEvent> {
  const open = await Promise.all(
    sources.map(async (source) => ({ source, head: await source.next() })),
  );
  const time = ({ head }: (typeof open)[number]) =>
    head.done ? Number.POSITIVE_INFINITY : (head.value.timestamp ?? 0);
  for (;;) {
    const [first] = open.toSorted((a, b) => time(a) - time(b));
    if (!first || first.head.done) return;
    yield first.head.value;
    first.head = await first.source.next();
  }
}
