/** Whether a release shows one of the stack's secrets to somebody who may not see it. */
import { spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { succeed } from "../../../lab/support/lab.ts";
import type { LabStack } from "../../../lab/support/stack.ts";
import { setUpPublishing } from "../../support/publishing.ts";

/** The machine's command lines, over and over, until the file is there. */
const watchProcesses = `
  rm -f /tmp/watched
  until [ -e /tmp/watched ]; do
    cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '
    sleep 0.02
  done`;

/** What is written on the machine by the release and by Docker, without the two files that are for secrets. */
const readFiles = `
  find /var/log /tmp /home /root /opt/flask-on-aws /var/lib/docker/containers -type f -size -4M \\
    ! -path '*/config.v2.json' ! -name app.env ! -name mysql.cnf -exec cat {} +
  docker ps --all --quiet | xargs docker inspect --format '{{json .Config.Cmd}} {{json .Config.Labels}}'
  docker image ls --quiet | sort -u | xargs -n 1 docker history --no-trunc`;

/**
 * Makes a release of a new version with a new database password, publishes it, and searches the machine's process list
 * and files, what the engine prints, and the state with its history.
 *
 * @returns each secret that was found, and where; empty if all is well
 * @throws if a place does not hold what it must, so that nothing could have been found there
 */
export async function leaks(stack: LabStack): Promise<string[]> {
  const machine = await stack.machine();
  const onMachine = (command: string) =>
    succeed("docker", ["exec", machine, "bash", "-c", command]);
  const before = await secrets(stack, "before");
  const watcher = spawn("docker", ["exec", machine, "bash", "-c", watchProcesses]);
  let processes = "";
  watcher.stdout.setEncoding("utf8").on("data", (text: string) => (processes += text));
  await setUpPublishing(stack);
  const { stdout, stderr } = await stack
    .release(await stack.nextRotation())
    .finally(() => onMachine("touch /tmp/watched"));

  const places = {
    "the process list": { text: processes, holds: "publish.sh" },
    "the machine's files": { text: await onMachine(readFiles), holds: "releasing commit " },
    "the engine's output": { text: stdout + stderr, holds: "releasing commit " },
    "the state": { text: await contents(join(stack.lab.home, "pulumi")), holds: "app.env" },
  };
  for (const [place, { text, holds }] of Object.entries(places)) {
    if (!text.includes(holds)) throw new Error(`${place} does not hold "${holds}"`);
  }
  const wanted = [...before, ...(await secrets(stack, "after"))];
  return wanted.flatMap(({ name, value }) =>
    Object.entries(places).flatMap(([place, { text }]) => {
      const forms = [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)];
      return forms.some((form) => text.includes(form)) ? [`${name} in ${place}`] : [];
    }),
  );
}

async function secrets(stack: LabStack, when: string): Promise<{ name: string; value: string }[]> {
  const { databasePassword, sshPrivateKey } = stack.outputs;
  const answer = await fetch(`${stack.api}/_lab/db/${stack.databaseId}/master-password`);
  const { password } = (await answer.json()) as { password: string };
  const secretKey = await stack.onMachine("sed -n 's/^SECRET_KEY=//p' /opt/flask-on-aws/app.env");
  // A line of its own, since line breaks are written in many ways.
  const keyLine = sshPrivateKey!.split("\n").at(-3);
  const found = {
    ...{ databasePassword, masterPassword: password, secretKey, sshPrivateKey: keyLine },
    publishToken: await stack.lab.publishToken(),
  };
  return Object.entries(found).map(([name, value]) => {
    if (!value || value.trim().length < 12) throw new Error(`${name} is not to be had`);
    return { name: `${name} ${when}`, value: value.trim() };
  });
}

async function contents(directory: string): Promise<string> {
  const files = await readdir(directory, { recursive: true, withFileTypes: true });
  const texts = files
    .filter((file) => file.isFile())
    .map((file) => readFile(join(file.parentPath, file.name), "utf8"));
  return (await Promise.all(texts)).join("\n");
}
