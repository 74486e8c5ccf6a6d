/** Faults of the app server. */
import { certificateOf, issued } from "../../support/certificate.ts";
import { run, succeed } from "../../support/lab.ts";
import { tail, type LabStack } from "../../support/stack.ts";
import { forgetLastRelease, untilReleaseSays } from "./database.ts";
import { failed, follow, part, refused, serves, until, type Fault } from "./fault.ts";

const pageIsServed = (stack: LabStack) =>
  fetch(stack.page, { signal: AbortSignal.timeout(2000) }).then(
    ({ status }) => status === 200,
    () => false,
  );

/** Terminates both machines. Until they are terminated a refresh finds them, on AWS as well. */
export async function terminated(stack: LabStack): Promise<void> {
  const ec2 = stack.ec2();
  const Filters = [
    { Name: "tag:Name", Values: ["flask-on-aws-dev-app-machine", "flask-on-aws-dev-test"] },
    { Name: "instance-state-name", Values: ["running"] },
  ];
  const found = async (ids: object) =>
    ((await ec2.describeInstances(ids)).Reservations ?? []).flatMap(
      ({ Instances = [] }) => Instances,
    );
  const ids = { InstanceIds: (await found({ Filters })).map(({ InstanceId }) => InstanceId!) };
  await ec2.terminateInstances(ids);
  await until("the machines are terminated", 120, async () =>
    (await found(ids)).every(({ State }) => State?.Name === "terminated"),
  );
}

export const machineFaults: Fault[] = [
  {
    name: "disk-full",
    async inject(stack) {
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
    allowsDowntime: true,
    async inject(stack) {
      const { commit: appCommit } = await stack.newVersion();
      await forgetLastRelease(stack);
      const running = stack.startUp({ appCommit });
      await untilReleaseSays(stack, "releasing commit ");
      await stack.ec2().rebootInstances({ InstanceIds: [await stack.machineId()] });
      const result = await running.ended;
      // The script sees Docker end, unless the connection is cut before.
      const ends =
        /without exit status|handshake failed|dial tcp|remedy: wait a minute, then run \S+ up/;
      if (result.status === 0 || !ends.test(result.stdout)) {
        throw new Error(`up ended with ${result.status}:\n${tail(result)}`);
      }
      await until("the page is served after the reboot", 120, () => pageIsServed(stack));
    },
  },
  {
    name: "machine-replaced",
    allowsDowntime: true,
    async inject(stack) {
      const host = stack.outputs.appServerPublicIp!;
      const [{ serialNumber }, before] = [await certificateOf(host), await issued(stack)];
      await terminated(stack);
      return async () => {
        await stack.release({}, "--refresh");
        const its = await certificateOf(host);
        if (its.serialNumber !== serialNumber || (await issued(stack)) !== before)
          throw new Error("the new machine has ordered another certificate");
      };
    },
  },
  {
    name: "connection-cut",
    async inject(stack) {
      // Holds the deploy lock, so that what is begun is still there when its connection goes.
      const holder = await stack.onMachine(
        "RELEASE_OWNER=ada@elsewhere setsid /opt/flask-on-aws/bin/deploy-lock.sh ../../../bin/sleep 600 </dev/null >/dev/null 2>&1 & echo $!",
      );
      const command = stack.lab.tryOps("restore-test");
      // The server process of the connection: the nearest sshd above what it runs.
      const cut = `pid=$(pgrep -of '[d]eploy-lock.sh restore-test.sh') || exit 1
        until [[ $(ps -o comm= "$pid") == sshd* ]]; do pid=$(($(ps -o ppid= "$pid"))); done
        kill -KILL "$pid"`;
      const machine = await stack.machine();
      await until("the connection is cut", 60, async () => {
        const { status } = await run("docker", ["exec", machine, "bash", "-c", cut]);
        return status === 0;
      });
      const said = failed("restore-test", await command, /error: the connection to \S+ was lost/);
      const see = part(said, /remedy: see what goes on there, then try again: (.*)/);
      const { stdout } = await follow(stack, see);
      if (!/deploy lock +held by ada@elsewhere/.test(stdout))
        throw new Error(`it says:\n${stdout}`);
      await stack.onMachine(`kill -KILL -- -${holder.trim()}`);
      await stack.lab.ops("restore-test");
      return () => serves(stack);
    },
  },
  {
    name: "first-boot-failed",
    async inject(stack) {
      const version = await stack.newVersion();
      // As cloud-init itself writes it.
      const report = `import json
path = "/run/cloud-init/status.json"
report = json.load(open(path))
report["v1"]["modules-final"]["errors"].append("a package could not be installed")
json.dump(report, open(path, "w"))`;
      await succeed("docker", ["exec", await stack.machine(), "python3", "-c", report]);
      const wait = "**::flask-on-aws-dev-release-wait-for-cloud-init";
      const result = await stack.up({ appCommit: version.commit }, "--replace", wait);
      const said = failed("up", result, /error: the first boot of \S+ ended with errors/);
      // Of the last report: before, each line has the step's name in front.
      const replace = part(said, /replace the machine and its host key:\n +(\S+pulumi .*)/);
      return async () => stack.delivered(version, await follow(stack, replace));
    },
  },
  {
    name: "key-refused",
    async inject(stack) {
      const version = await stack.newVersion();
      await stack.lab.pulumi("config", "set", "appCommit", version.commit);
      await stack.onMachine(": >~/.ssh/authorized_keys");
      const status = await stack.lab.tryOps("status");
      const said = failed(
        "status",
        status,
        /error: the app server at \S+ port 22 refuses the stack's key/,
      );
      const replace = part(said, /remedy: replace the machine and its host key: (.*)/);
      return async () => stack.delivered(version, await follow(stack, replace));
    },
  },
];
