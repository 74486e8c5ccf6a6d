/** Faults of the app server. */
import { succeed } from "../lab.ts";
import { tail, type Stack } from "../stack.ts";
import { forgetLastRelease, untilReleaseSays } from "./database.ts";
import { refused, until, type Fault } from "./fault.ts";

const pageIsServed = (stack: Stack) =>
  fetch(stack.page, { signal: AbortSignal.timeout(2000) }).then(
    ({ status }) => status === 200,
    () => false,
  );

export const machineFaults: Fault[] = [
  {
    name: "disk-full",
    async provoke(stack) {
      const { commit: appCommit } = await stack.newVersion();
      // Of its own and small: the machine's volume is a part of this computer's disk.
      await stack.onMachine(
        "sudo mkdir -p /mnt/small && sudo mount -t tmpfs -o size=64m tmpfs /mnt/small && " +
          "sudo cp -a /opt/flask-on-aws/. /mnt/small/ && " +
          "sudo chown --reference /opt/flask-on-aws /mnt/small && " +
          "sudo mount --bind /mnt/small /opt/flask-on-aws && " +
          "{ cat /dev/zero >/opt/flask-on-aws/full 2>/dev/null || true; }",
      );
      try {
        await refused(
          stack,
          { appCommit },
          /error: \S+ has 0 MB free/,
          /remedy: see: docker system df; df -h/,
        );
      } finally {
        await stack.onMachine("sudo umount /opt/flask-on-aws && sudo umount /mnt/small");
      }
    },
  },
  {
    name: "machine-rebooted-during-a-release",
    away: true,
    async provoke(stack) {
      const { commit: appCommit } = await stack.newVersion();
      await forgetLastRelease(stack);
      const running = stack.startUp({ appCommit });
      await untilReleaseSays(stack, "releasing commit ");
      await stack.ec2().rebootInstances({ InstanceIds: [await stack.machineId()] });
      const result = await running.ended;
      // The connection is cut: no script of the machine's has the last word.
      if (
        result.status === 0 ||
        !/without exit status|handshake failed|dial tcp/.test(result.stdout)
      ) {
        throw new Error(`up ended with ${result.status}:\n${tail(result)}`);
      }
      await until("the page is served after the reboot", 120, () => pageIsServed(stack));
    },
  },
  {
    name: "machine-replaced",
    away: true,
    async provoke(stack) {
      const ids = { InstanceIds: [await stack.machineId()] };
      await stack.ec2().terminateInstances(ids);
      // Until then a refresh finds it, on AWS as well.
      await until("the machine is terminated", 120, async () => {
        const { Reservations = [] } = await stack.ec2().describeInstances(ids);
        return Reservations[0]?.Instances?.[0]?.State?.Name === "terminated";
      });
      return () => stack.release({}, "--refresh");
    },
  },
  {
    // Minutes, most of them: every other failure to connect may be a machine that is still booting.
    name: "host-key-changed",
    async provoke(stack) {
      const { commit: appCommit } = await stack.newVersion();
      const machine = await stack.machine();
      const key = "/etc/ssh/ssh_host_ed25519_key";
      const onConsole = (command: string) =>
        succeed("docker", ["exec", machine, "bash", "-c", `${command} && service ssh restart`]);
      await onConsole(`mv ${key} ${key}.kept && ssh-keygen -q -t ed25519 -N '' -f ${key}`);
      try {
        await refused(stack, { appCommit }, /host key/);
      } finally {
        await onConsole(`mv ${key}.kept ${key} && ssh-keygen -y -f ${key} >${key}.pub`);
      }
    },
  },
];
