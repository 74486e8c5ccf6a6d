import { expect } from "chai";
import { statSync, utimesSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";
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
      "kill -HUP "*) log reload; if [ ! -e '${home}/deaf' ]; then cp '${home}/${docker}' '${home}/options'; fi ;;
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

  it("can be read by everybody, although a release keeps its own files for itself", () => {
    const outer = process.umask(0o077);
    try {
      succeeds();
    } finally {
      process.umask(outer);
    }
    for (const file of [apt, unit, docker]) {
      expect(statSync(join(machine.home, file)).mode & 0o777, file).to.equal(0o644);
      expect(statSync(join(machine.home, dirname(file))).mode & 0o777, file).to.equal(0o755);
    }
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

describe("The age of packages and image", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    const { home } = machine;
    machine.stack();
    machine.write("root/proxy/active", "blue\n");
    machine.fake("docker-compose", "echo blue");
    machine.fake("apt-get", "printf '%s\\n' 'Inst a' 'Inst b' 'Conf a'");
    machine.write("history", "");
    machine.fake(
      "docker",
      `case "$*" in
      "inspect "*) echo app:1 ;;
      "history --no-trunc "*" app:1") [ "$TZ" = UTC ]; cat '${home}/history' ;;
      *) exit 9 ;;
      esac`,
    );
    const script = machine.read("root/bin/updates-status.sh");
    machine.write(
      "root/bin/updates-status.sh",
      script.replaceAll(/ \/(run|var)\//g, ` ${home}/$1/`),
    );
  });
  afterEach(() => machine.remove());

  const ages = (...args: string[]) => {
    const { status, stdout, stderr } = machine.run("updates-status.sh", args);
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: "" });
    return stdout.trimEnd().split("\t");
  };
  const made = (path: string, time: string) => {
    machine.write(path, "");
    utimesSync(join(machine.home, path), new Date(time), new Date(time));
  };

  it("is unknown where nothing tells it", () => {
    expect(ages()).to.deep.equal(["-", "2", "-", "-", "-"]);
    machine.write("root/proxy/active", "");
    machine.fake("apt-get", "exit 100");
    expect(ages(), "nothing serves").to.deep.equal(["-", "0", "-", "-", "-"]);
  });

  it("is told without apt, which takes seconds, where the number of packages is not wanted", () => {
    machine.fake("apt-get", "log apt; echo 'Inst a'");
    expect(ages("ages")).to.deep.equal(["-", "-", "-", "-", "-"]);
    expect(machine.log).to.not.include("apt");
  });

  it("counts from the last upgrade, and from the base's newest layer", () => {
    made("var/lib/cloud/instance/boot-finished", "2026-01-01T00:00:00Z");
    expect(ages()[0]).to.equal("2026-01-01T00:00:00Z");
    made("var/lib/apt/periodic/upgrade-stamp", "2026-01-03T00:00:00Z");
    made("root/upgraded", "2026-01-02T00:00:00Z");
    expect(ages()[0]).to.equal("2026-01-03T00:00:00Z");
    const layers = [
      "2026-01-09 sha256:app",
      "2026-01-08 sha256:packages",
      "2025-12-02 sha256:base",
    ];
    const older = ["2025-12-30 <missing>", "2025-12-01 <missing>"];
    machine.write("history", [...layers, ...older].join("\n"));
    expect(ages()[3]).to.equal("2025-12-30");
    machine.write("history", "2026-01-09 sha256:app\n0001-01-01T00:00:00Z sha256:base\n");
    expect(ages()[3], "of a base without dates").to.equal("-");
  });

  it("says that a kernel waits for a restart, and that the tasks are behind", () => {
    made("run/reboot-required", "2026-01-01T00:00:00Z");
    made("root/tasks-behind", "2026-01-01T00:00:00Z");
    expect(ages()).to.deep.equal(["-", "2", "reboot", "-", "-"]);
    machine.stack({ TASKS_CLUSTER: "cluster" });
    expect(ages()).to.deep.equal(["-", "2", "reboot", "-", "behind"]);
  });
});
