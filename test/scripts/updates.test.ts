import { expect } from "chai";
import { userInfo } from "node:os";
import { FakeMachine, until } from "../support/machine.ts";

const apt = "etc/apt/apt.conf.d/60flask-on-aws";
const unit = "etc/systemd/system/apt-daily-upgrade.service.d/flask-on-aws.conf";
const docker = "etc/docker/daemon.json";

describe("The machine's own updates", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    const { home } = machine;
    machine.stack();
    // What is in /etc is in the home. A signal has Docker read its options.
    machine.fake(
      "sudo",
      `case "$*" in
      "sh -c kill -HUP "*docker.pid*) log reload; if [ ! -e '${home}/deaf' ]; then cp '${home}/${docker}' '${home}/options'; fi ;;
      "systemctl daemon-reload") log "$*" ;;
      /usr/lib/apt/*) log "$*" ;;
      *) exec "$@" ;;
      esac`,
    );
    machine.fake(
      "docker",
      `grep -qs '"live-restore": true' '${home}/options' && echo true || echo false`,
    );
    machine.fake("sleep", "");
    const script = machine.read("root/bin/updates.sh");
    machine.write(
      "root/bin/updates.sh",
      script.replaceAll(" /etc/", ` ${home}/etc/`).replace("=/etc/", `=${home}/etc/`),
    );
  });
  afterEach(() => machine.remove());

  const updates = () => machine.run("updates.sh");
  const succeeds = () => expect(updates()).to.deep.equal({ status: 0, stdout: "", stderr: "" });

  it("are written once: the nightly upgrade waits for the deploy lock, and leaves Docker to patches", () => {
    succeeds();
    expect(machine.read(unit)).to.include(
      `User=${userInfo().username}\nEnvironment=RELEASE_OWNER=unattended-upgrades LEASE_LIMIT=7200\nExecStart=\n` +
        `ExecStart=${machine.root}/bin/deploy-lock.sh unattended-upgrade.sh\n`,
    );
    const held = machine.read(apt).match(/"\^[^"]*\$"/g);
    expect(held).to.deep.equal(['"^containerd$"', '"^docker-cli$"', '"^docker\\.io$"', '"^runc$"']);
    expect(machine.log).to.equal("systemctl daemon-reload\nreload\n");
    succeeds();
    expect(machine.log, "the second time").to.equal("systemctl daemon-reload\nreload\n");
  });

  it("keep the options that Docker has", () => {
    machine.write(docker, '{ "registry-mirrors": ["https://mirror.example"] }\n');
    succeeds();
    expect(JSON.parse(machine.read(docker))).to.deep.equal({
      "registry-mirrors": ["https://mirror.example"],
      "live-restore": true,
    });
  });

  it("stop the release when Docker's options are no JSON, until they are corrected", () => {
    machine.write(docker, "{");
    const { status, stderr } = updates();
    expect(status).to.equal(1);
    expect(stderr).to.match(
      /^error: \S+daemon\.json on \S+ is not JSON, so Docker cannot start again\n/,
    );
    expect(machine.read(docker)).to.equal("{");
    machine.write(docker, "");
    succeeds();
  });

  it("stop the release when Docker does not take the option", () => {
    machine.write("deaf", "");
    const { status, stderr } = updates();
    expect(status).to.equal(1);
    expect(stderr).to.match(
      /^error: Docker does not take the option live-restore of \S+\nremedy: see: /,
    );
  });

  it("begin after a release that holds the deploy lock, and a release waits for them", async () => {
    machine.fake("sleep", "exec /bin/sleep 0.1");
    machine.script(
      "release.sh",
      `until [ -e '${machine.home}/go' ]; do sleep 1; done; log released`,
    );
    const release = machine.start("deploy-lock.sh", ["release.sh"]);
    await until(() => machine.exists("root/lease"), "the release");
    const env = { RELEASE_OWNER: "unattended-upgrades" };
    const upgrade = machine.start("deploy-lock.sh", ["unattended-upgrade.sh"], env);
    await until(
      () => upgrade.output().includes("waiting for the deploy lock"),
      "the upgrade waits",
    );
    expect(machine.log).to.equal("");
    machine.write("go", "");
    expect([(await release.ended).status, (await upgrade.ended).status]).to.deep.equal([0, 0]);
    expect(machine.log).to.equal("released\n/usr/lib/apt/apt.systemd.daily install\n");
  });
});
