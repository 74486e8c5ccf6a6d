/** The acceptance check of a stack that is up: verify. */
import { lookup } from "node:dns/promises";
import { answerOf, type PortAnswer } from "../deployer/ports.ts";
import { copyCheck } from "./backup-copy.ts";
import { checked, type Check } from "./check.ts";
import { Failure } from "./failure.ts";
import { tabSeparated } from "./format.ts";
import { RemoteMachine } from "./machine.ts";
import { pulumiProgram, root } from "./names.ts";
import { interrupted, run } from "./processes.ts";

/** Ports of the app server as network/security-groups.ts opens them, and the answers that are right. */
const rightAnswers: ReadonlyMap<number, readonly PortAnswer[]> = new Map([
  [22, ["open"]],
  [80, ["open"]],
  // Without HTTPS nothing listens here.
  [443, ["open", "refused"]],
  // As the setting port5085 says; the row rules knows it.
  [5085, ["open", "silent"]],
  [3306, ["refused", "silent"]],
]);

/** Milliseconds. Over the internet a connection takes less than one second, and the page of a busy machine some. */
const limits = { connection: 5_000, page: 15_000 };

/** Waits at most the time that {@link limits} says, and not longer than this process is wanted. */
const within = (milliseconds: number) =>
  AbortSignal.any([interrupted, AbortSignal.timeout(milliseconds)]);

/** What to do about a page that does not answer, by the code of Node's or OpenSSL's error; "" if there was an answer. */
type Advice = (code: string) => Pick<Check, "remedy">;

/** Whether a page answers this computer. With which status the app must answer which page, the row app knows. */
async function answers(name: string, url: string, advice: Advice): Promise<Check> {
  const began = Date.now();
  // An idle connection would keep this program from its end for some seconds.
  const headers = { connection: "close" };
  let cause: NodeJS.ErrnoException | undefined;
  const signal = within(limits.page);
  let status = 0;
  const answer = await fetch(url, { headers, signal, redirect: "manual" }).then(
    async (response) => {
      await response.arrayBuffer();
      ({ status } = response);
      return `answers ${response.status}`;
    },
    (error: Error) => {
      cause = error.cause as NodeJS.ErrnoException | undefined;
      return `does not answer: ${cause?.message || error.message}`;
    },
  );
  const found = `${url} ${answer} in ${Date.now() - began} ms`;
  if (status > 0 && status < 500) return checked(name, found);
  return { name, result: "FAILED", found, ...advice(cause?.code ?? "") };
}

const noTrust = (code: string) => /CERT|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code);
const createRecord = (machine: RemoteMachine): Pick<Check, "remedy"> => ({
  remedy: `create the record that this prints, or wait until it is known: ${machine.pulumi("stack", "output", "dnsRecord")}`,
});
const openTheWay = (machine: RemoteMachine): Pick<Check, "remedy"> => ({
  remedy: `if the row app has failed, follow its remedy; if not, open the way to the machine: ${machine.pulumi("up", "--refresh")}`,
});

/** The app's page, where the app server serves it. */
function page(machine: RemoteMachine): Promise<Check> {
  return answers("page", `${machine.stack.outputs.appUrl}/`, (code) => {
    if (code === "ENOTFOUND") return createRecord(machine);
    if (noTrust(code)) return { remedy: "follow the remedy of the row certificate" };
    return openTheWay(machine);
  });
}

/** The domain's page, where tasks serve it. */
async function pageOfTasks(machine: RemoteMachine): Promise<Check> {
  const { appUrl, appServerPublicIp } = machine.stack.outputs;
  const { hostname } = new URL(appUrl!);
  // Who cannot resolve the name learns it from the request for the page.
  const addresses = await lookup(hostname, { all: true }).catch(() => []);
  if (addresses.some(({ address }) => address === appServerPublicIp))
    return {
      ...{ name: "page", result: "FAILED" },
      found: `${hostname} leads to the app server, ${appServerPublicIp}, and not to the load balancer`,
      remedy: `if ${machine.pulumi("stack", "output", "dnsRecord")} prints a record, create it; else move it: ${machine.pulumi("up", "--refresh")}`,
    };
  return answers("page", `${appUrl}/`, (code) => {
    if (code === "ENOTFOUND") return createRecord(machine);
    return {
      remedy: `if the row tasks has failed, follow its remedy; if not, restore the load balancer: ${machine.pulumi("up", "--refresh")}`,
    };
  });
}

/** The app server's page, where tasks serve that of the domain. */
function canary(machine: RemoteMachine): Promise<Check> {
  return answers("canary", `${machine.stack.outputs.canaryUrl}/`, (code) => {
    if (!noTrust(code)) return openTheWay(machine);
    return {
      remedy: `follow the remedy of the row certificate; if there is none, give the app server the certificate of its address: ${machine.pulumi("up")}`,
    };
  });
}

/** What a list of answers means. */
export function portsCheck(
  answers: readonly (readonly [port: number, answer: PortAnswer])[],
  remedy: string,
): Check {
  const words = { open: "is open", refused: "refuses connections", silent: "does not answer" };
  const say = (list: typeof answers) =>
    list.map(([port, answer]) => `${port} ${words[answer]}`).join(", ");
  const wrong = answers.filter(([port, answer]) => !rightAnswers.get(port)!.includes(answer));
  if (wrong.length === 0) return checked("ports", say(answers));
  return { name: "ports", result: "FAILED", found: say(wrong), remedy };
}

async function ports(machine: RemoteMachine): Promise<Check> {
  const { appServerPublicIp: host } = machine.stack.outputs;
  const signal = within(limits.connection);
  const answers = await Promise.all(
    [...rightAnswers.keys()].map(
      async (port) => [port, await answerOf(host, port, signal)] as const,
    ),
  );
  const remedy = `follow the remedies of the rows rules and app first; if there are none, restore the rules: ${machine.pulumi("up", "--refresh")}`;
  return portsCheck(answers, remedy);
}

/** What `pulumi preview --json` prints, as far as it is used. */
interface Preview {
  readonly steps?: readonly { readonly op: string; readonly urn: string }[];
  readonly diagnostics?: readonly { readonly severity: string; readonly message: string }[];
}

/** The resources that a preview would change, as `~ aws:ec2/vpc:Vpc name`. */
export function changesOf({ steps = [] }: Preview): string[] {
  const signs: Readonly<Record<string, string>> = { create: "+", delete: "-", update: "~" };
  const changed = steps.filter(({ op }) => !["same", "read", "refresh"].includes(op));
  const lines = changed.map(({ op, urn }) => {
    const [, , types = "", ...name] = urn.split("::");
    return `${signs[op] ?? op} ${types.split("$").at(-1)} ${name.join("::")}`;
  });
  return [...new Set(lines)];
}

/** A preview with --refresh reads every resource, and changes neither them nor the state. */
async function drift(machine: RemoteMachine): Promise<Check> {
  const preview = ["preview", "--refresh", "--expect-no-changes"];
  const { status, stdout, stderr } = await run(
    pulumiProgram,
    [...preview, "--json", "--non-interactive", ...machine.stack.flags],
    { cwd: root, stdio: ["ignore", "pipe", "pipe"] },
  );
  if (status === 0) return checked("drift", "every resource is as the program and the state say");
  const printed = parse(stdout);
  const changes = changesOf(printed);
  if (changes.length > 0)
    return {
      ...{ name: "drift", result: "FAILED" },
      found: `${changes.length} resource(s) differ from the program: ${changes.slice(0, 8).join(", ")}${changes.length > 8 ? ", …" : ""}`,
      remedy: `see the differences: ${machine.pulumi("preview", "--refresh", "--diff")}; then restore what the program says: ${machine.pulumi("up", "--refresh")}`,
    };
  const errors = printed.diagnostics?.filter(({ severity }) => severity === "error") ?? [];
  const said = errors[0]?.message ?? stderr;
  const last = said.trim().split("\n").at(-1)!;
  return {
    ...{ name: "drift", result: "FAILED" },
    found: `the preview ended with status ${status}: ${last.replace(/^error: /, "")}`,
    remedy: `see what it says: ${machine.pulumi(...preview)}`,
  };
}

function parse(printed: string): Preview {
  try {
    return JSON.parse(printed) as Preview;
  } catch {
    return {};
  }
}

/** The checks of scripts/acceptance.sh. */
async function onMachine(machine: RemoteMachine): Promise<Check[]> {
  const program = `"$bin/acceptance.sh" || exit
    "$bin/publish-status.sh" >/dev/null || true # it has said why; the checks are made`;
  try {
    const { status, stdout } = await machine.change(program, [], { stdout: "pipe" });
    if (status !== 0)
      throw new Failure(
        `the checks on the machine ended with status ${status}`,
        `see the messages above; then install this version's scripts: ${machine.pulumi("up")}`,
      );
    return tabSeparated(stdout).map(([name = "", result, found = "", remedy = ""]) => ({
      ...{ name, result: result as Check["result"] },
      ...{ found, remedy },
    }));
  } catch (error) {
    // The other checks tell what they have found.
    if (!(error instanceof Failure)) throw error;
    const { message: found, remedy } = error;
    return [{ name: "machine", result: "FAILED", found, remedy }];
  }
}

/** A row for each check, a line below it for the remedy, and a last line for all. */
export function verifyText(checks: readonly Check[]): string[] {
  const rows = checks.flatMap(({ name, result, found, remedy }) => {
    const row = result === "skipped" ? [name, `skipped (${found})`] : [name, result, found];
    return [row, ...(remedy ? [["", "", `remedy: ${remedy}`]] : [])];
  });
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = rows.map(([name, ...cells]) =>
    [name!.padEnd(width), ...(cells.length > 1 ? [cells[0]!.padEnd(6), cells[1]!] : cells)].join(
      "  ",
    ),
  );
  const failed = checks.filter(({ result }) => result === "FAILED").map(({ name }) => name);
  const sum = `${failed.length} of ${checks.length} checks failed: ${failed.join(", ")}`;
  return [...lines, "", failed.length > 0 ? sum : "no check failed"];
}

export function verify(
  stack: string | undefined,
  { json }: { readonly json?: true },
): Promise<number> {
  return RemoteMachine.with(stack, async (machine) => {
    if (process.stderr.isTTY) console.error("The checks take about two minutes.");
    const found = await Promise.all([
      ...(machine.stack.outputs.canaryUrl
        ? [pageOfTasks(machine), canary(machine)]
        : [page(machine)]),
      ports(machine),
      onMachine(machine),
      copyCheck(machine),
      drift(machine),
    ]);
    const checks = found.flat();
    if (json) console.log(JSON.stringify(checks, undefined, 2));
    else console.log(verifyText(checks).join("\n"));
    return checks.some(({ result }) => result === "FAILED") ? 1 : 0;
  });
}
