/** Requests at a constant rate, whatever becomes of them: each has its moment, its connection and its time. */
import type { ClientRequest } from "node:http";
import { Agent, request } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";

export interface TimedAnswer {
  /** Milliseconds from the moment the request was due. */
  readonly milliseconds: number;
  /** Whether the client itself was slow. */
  readonly isSlow: boolean;
  /** What is wrong with it; undefined if nothing is. */
  readonly failure: string | undefined;
}

interface Load {
  /** Answers so far, in the order in which they came. */
  readonly answers: readonly TimedAnswer[];
  /** Sends no more, and resolves when the last request has been answered or given up. */
  readonly stop: () => Promise<void>;
}

const limit = 10_000;
/** Every so many requests one sends the login form. */
const formEvery = 4;
/** Every so many requests one uploads slowly, and another one reads slowly: three seconds each. */
const slowEvery = 60;
const slow = { 31: "upload", 46: "read" } as Readonly<Record<number, "upload" | "read">>;
/** Its connections stay open between requests: the server must not close one into which a client is just sending. */
const keepAlive = new Agent({ keepAlive: true });

/**
 * Opens the page of `origin` and, with every fourth request, sends its form for a user that does not exist: the
 * app looks that name up in the database. Half of the requests, and half of the forms, have a new connection each. Some clients
 * are slow.
 *
 * @param rate requests a second
 */
async function startLoad(origin: string, rate: number): Promise<Load> {
  const form = await openForm(`${origin}/login`);
  const answers: TimedAnswer[] = [];
  const pending = new Set<Promise<void>>();
  const began = performance.now();
  let going = true;
  const send = async () => {
    for (let number = 0; going; number++) {
      const due = began + (number * 1000) / rate;
      await sleep(Math.max(0, due - performance.now()));
      const sent = number % formEvery === 0 ? form : undefined;
      const slowly = slow[number % slowEvery];
      const isKept = number % (2 * formEvery) < formEvery;
      const answer = ask(`${origin}/login`, slowly === "upload" ? form : sent, isKept, slowly)
        .then((failure) => {
          const milliseconds = performance.now() - due;
          answers.push({ milliseconds, isSlow: slowly !== undefined, failure });
        })
        .finally(() => pending.delete(answer));
      pending.add(answer);
    }
  };
  const sending = send();
  return {
    answers,
    async stop() {
      going = false;
      await sending;
      await Promise.all(pending);
      keepAlive.destroy();
    },
  };
}

interface Form {
  readonly cookie: string;
  readonly body: string;
}

async function openForm(url: string): Promise<Form> {
  const response = await fetch(url);
  const token = /name="?csrf_token"?[^>]* value="?([^">\s]+)/.exec(await response.text())?.[1];
  const cookie = response.headers.getSetCookie()[0]?.split(";")[0];
  if (!token || !cookie) throw new Error(`${url} has no form with a csrf_token`);
  const fields = { csrf_token: token, username: "nobody", password: "wrong", login: "" };
  return { cookie, body: new URLSearchParams(fields).toString() };
}

/** Resolves to what is wrong with the answer, if anything. */
function ask(
  url: string,
  form: Form | undefined,
  isConnectionKept: boolean,
  slowly: "upload" | "read" | undefined,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const type = { "content-type": "application/x-www-form-urlencoded" };
    const options = {
      agent: isConnectionKept ? keepAlive : (false as const),
      timeout: limit,
      signal: AbortSignal.timeout(limit),
      method: form ? "POST" : "GET",
      headers: form ? { ...type, cookie: form.cookie, referer: url } : {},
    };
    const sent = request(url, options, (response) => {
      let text = "";
      if (slowly === "read") {
        response.pause();
        setTimeout(() => response.resume(), 3000);
      }
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("error", (error) => resolve(error.message));
      response.on("end", () => {
        const { statusCode = 0 } = response;
        if (statusCode !== 200 && statusCode !== 302) resolve(`status ${statusCode}`);
        // Said after the database was asked.
        else if (form && !text.includes("Wrong user or password")) resolve("form not taken");
        else resolve(undefined);
      });
    });
    sent.on("error", (error: NodeJS.ErrnoException) => {
      resolve(
        error.name === "TimeoutError" ? "no answer within 10 s" : (error.code ?? error.message),
      );
    });
    if (slowly === "upload") void uploadSlowly(sent, form!.body);
    else sent.end(form?.body);
  });
}

/** Sends a body in six parts within three seconds. */
async function uploadSlowly(sent: ClientRequest, body: string): Promise<void> {
  sent.setHeader("content-length", Buffer.byteLength(body));
  for (let part = 0; part < 6 && !sent.destroyed; part++) {
    sent.write(body.slice((body.length * part) / 6, (body.length * (part + 1)) / 6));
    await sleep(500);
  }
  sent.end();
}

/** Requests a second of {@link underLoad}. */
export const rate = 60;
/** How long it looks at the page before the change, in milliseconds. */
export const quiet = 15_000;

/** Answers of the page of `origin` before a change and during it, and the change's time in milliseconds. */
export async function underLoad(origin: string, change: () => Promise<unknown>) {
  const { answers, stop } = await startLoad(origin, rate);
  await sleep(quiet);
  const before = answers.length;
  const began = performance.now();
  const milliseconds = await change()
    .then(() => performance.now() - began)
    .finally(stop);
  return { before: answers.slice(0, before), during: answers.slice(before), milliseconds };
}

/** `share` 0.99 for the 99th percentile; of clients that are not slow. */
export function percentile(answers: readonly TimedAnswer[], share: number): number {
  const sorted = answers
    .filter(({ isSlow }) => !isSlow)
    .map(({ milliseconds }) => milliseconds)
    .sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}
