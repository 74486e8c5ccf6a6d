/** Faults of the machines' host keys. */
import { run, succeed } from "../../support/lab.ts";
import { tail, type LabStack } from "../../support/stack.ts";
import { firstContactKey } from "../../support/first-contact-key.ts";
import { failed, follow, part, refused, unlock, until, type Fault } from "./fault.ts";

const key = "/etc/ssh/ssh_host_ed25519_key";

/** Runs a program of bash's as root in a container that is a machine. */
const onConsole = (machine: string, program: string, input = "") =>
  succeed("docker", ["exec", "--interactive", machine, "bash", "-c", program], { input });

/** The app server that an `up` under way makes in the place of another, once it is a container. */
async function replacementOf(stack: LabStack, old: string): Promise<string> {
  let found = "";
  await until("the new app server is a container", 240, async () => {
    const { Reservations = [] } = await stack.ec2().describeInstances({
      Filters: [
        { Name: "tag:Name", Values: ["flask-on-aws-dev-app-machine"] },
        { Name: "instance-state-name", Values: ["pending", "running"] },
      ],
    });
    const ids = Reservations.flatMap(({ Instances = [] }) =>
      Instances.map((each) => each.InstanceId),
    );
    found = `${stack.lab.name}-${ids.find((id) => id !== old)}`;
    return (await run("docker", ["exec", found, "true"])).status === 0;
  });
  return found;
}

export const hostKeyFaults: Fault[] = [
  {
    // Minutes, most of them: every other failure to connect may be a machine that is still booting.
    name: "host-key-changed",
    allowsDowntime: true,
    async inject(stack) {
      const version = await stack.newVersion();
      await stack.lab.pulumi("config", "set", "appCommit", version.commit);
      const stolen = await firstContactKey(stack.ec2(), await stack.machineId());
      // As somebody at the same address would do who has read the user data.
      const show = `cat >${key} && ssh-keygen -y -f ${key} >${key}.pub && service ssh restart`;
      await onConsole(await stack.machine(), show, stolen.privateKey);
      await refused(stack, {}, /host key/);
      const said = failed(
        "status",
        await stack.lab.tryOps("status"),
        /error: \S+ port 22 has another host key than the stack's app server/,
      );
      const replace = part(said, /if it is the stack's, replace .*:\n(.*)/);
      return async () => stack.delivered(version, await follow(stack, replace));
    },
  },
  {
    // The machine shows its own key, and the state does not say that it does.
    name: "killed-while-the-host-key-changes",
    allowsDowntime: true,
    async inject(stack) {
      const version = await stack.newVersion();
      await stack.lab.pulumi("config", "set", "appCommit", version.commit);
      const old = await stack.machineId();
      const running = stack.startUp({}, "--replace", "**-app-machine-host-key");
      const machine = await replacementOf(stack, old);
      // Before the real one on sudo's path: the step does not end, once the key has changed.
      const hook = "/usr/local/bin/systemctl";
      await onConsole(
        machine,
        `printf '#!/bin/sh\\n/usr/bin/systemctl "$@" && touch /run/reloaded && sleep 600\\n' >${hook} && chmod +x ${hook}`,
      );
      await until("the machine shows its own host key", 240, async () => {
        if (running.over()) throw new Error(`up ended:\n${tail(await running.ended)}`);
        return (await run("docker", ["exec", machine, "test", "-e", "/run/reloaded"])).status === 0;
      });
      running.kill();
      await running.ended;
      await onConsole(machine, `rm ${hook} && pkill -f '^sleep 600$'`);
      await unlock(stack);
      return () => stack.deliver(version);
    },
  },
];
