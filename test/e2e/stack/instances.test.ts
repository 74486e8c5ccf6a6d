/** The instances of a stack: metadata, role, and life cycle by the AWS API. */
import { expect } from "chai";
import { run, succeed } from "../../../lab/support/lab.ts";
import { Cloud, prefix } from "../../support/cloud.ts";
import { useSharedStack } from "../../support/shared-stack.ts";

describe("The instances of a stack", function () {
  this.timeout(10 * 60_000);
  const shared = useSharedStack();
  let cloud: Cloud;
  let reachability: Record<string, string>;
  before(async () => {
    cloud = new Cloud(shared.stack);
    reachability = await cloud.reachability();
  });

  it("give their metadata to requests with a token, and none to a container", async () => {
    const token =
      "http://169.254.169.254/latest/api/token -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60'";
    const curl = "curl --silent --max-time 2";
    expect(await shared.stack.onMachine(`${curl} ${token}`)).to.match(/^\S{40,}$/);
    const id = `${curl} -w ' %{http_code}' http://169.254.169.254/latest/meta-data/instance-id`;
    const { id: own } = await cloud.instance("app-machine");
    expect(await shared.stack.onMachine(id))
      .to.match(/ 401$/)
      .and.not.include(own);
    expect(
      await shared.stack.onMachine(`${id} -H "X-aws-ec2-metadata-token: $(${curl} ${token})"`),
    ).to.equal(`${own} 200`);
    const inContainer = await shared.stack.onMachine(
      `docker run --rm --entrypoint python $(docker ps --format '{{.Image}}' | grep -vm1 caddy) -c '
import urllib.request as r
headers = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
request = r.Request("http://169.254.169.254/latest/api/token", headers=headers, method="PUT")
try: print(r.urlopen(request, timeout=2).status)
except OSError as error: print("none:", error)'`,
    );
    expect(inContainer).to.match(/^none: .*timed out/);
  });

  it("act as their role by the AWS CLI", async () => {
    const { id } = await cloud.instance("app-machine");
    const identity = JSON.parse(await shared.stack.onMachine("aws sts get-caller-identity")) as {
      Arn: string;
    };
    expect(identity.Arn).to.match(new RegExp(`assumed-role/${prefix}-app-\\w+/${id}$`));
    const object = `s3://${shared.outputs.backupBucket}/of-the-role`;
    const copies = `echo kept | aws s3 cp - ${object} && aws s3 cp ${object} -`;
    expect(await shared.stack.onMachine(copies)).to.equal("kept\n");
    for (const refused of [
      `aws s3 rm ${object}`,
      `aws --no-sign-request s3 ls s3://${shared.outputs.backupBucket}`,
      `aws --no-sign-request s3 cp ${object} -`,
    ])
      expect(await shared.stack.onMachine(`${refused} 2>&1 || true`), refused).to.match(
        /AccessDenied|403/,
      );
    expect(await shared.stack.onMachine(`aws s3 cp ${object} -`)).to.equal("kept\n");
  });

  it("stop, start and reboot by the API, and run their user data once", async () => {
    const test = await cloud.instance("test");
    const app = await cloud.instance("app-machine");
    const InstanceIds = [test.id];
    const startedAt = () =>
      succeed("docker", ["inspect", "--format", "{{.State.StartedAt}}", app.container]);
    const ran = (container: string) =>
      succeed("docker", [
        "exec",
        container,
        "sh",
        "-c",
        "stat -c '%n %Y' /var/lib/cloud/i*/*/sem/*",
      ]);
    const before = { test: await ran(test.container), app: await ran(app.container) };
    const boot = await startedAt();

    await cloud.ec2.stopInstances({ InstanceIds });
    await cloud.ec2.rebootInstances({ InstanceIds: [app.id] });
    const state = async () => (await cloud.instance("test")).state;
    await cloud.until("the test server is stopped", async () => (await state()) === "stopped");
    const running = ["inspect", "--format", "{{.State.Running}}", test.container];
    expect((await succeed("docker", running)).trim()).to.equal("false");
    await cloud.ec2.startInstances({ InstanceIds });

    await cloud.until("the app server booted again", async () => (await startedAt()) !== boot);
    const { appUrl } = shared.outputs;
    const page = () =>
      fetch(`${appUrl}/login`).then(
        ({ ok }) => ok,
        () => false,
      );
    await cloud.until("the app answers after a reboot, without `up`", page);
    await cloud.until("the test server lets in after a start", async () => {
      const { status } = await run("docker", ["exec", test.container, "pgrep", "sshd"]);
      return status === 0 && (await state()) === "running";
    });
    expect(await shared.stack.onTestServer("uptime")).to.include("up");
    const after = { test: await ran(test.container), app: await ran(app.container) };
    expect(after).to.deep.equal(before);
    expect(await cloud.reachability()).to.deep.equal(reachability);
  });
});
