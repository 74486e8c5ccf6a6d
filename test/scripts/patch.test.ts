import { expect } from "chai";
import { FakeMachine } from "../support/machine.ts";

const image = "flask-on-aws-app:c0ffee-1";

describe("A patch", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    const { home } = machine;
    machine.stack();
    machine.write("serves", `${image}\n`);
    machine.write("root/proxy/active", "blue\n");
    machine.write("root/descriptions/c0ffee-1.recipe", "python:3.11\n\n\nlibmagic1 git\n");
    machine.write("dockerd", "/usr/sbin/dockerd\n");
    machine.write("live-restore", "true\n");
    machine.fake("df", "printf 'Avail\\n 9000\\n'");
    machine.fake(
      "docker",
      `case "$*" in
      "info --format {{.LiveRestoreEnabled}}") cat '${home}/live-restore' ;;
      info) [ ! -e '${home}/stopped' ] ;;
      *.Config.Image*) cat '${home}/serves' ;;
      *revision*) echo c0ffee ;;
      *) exit 9 ;;
      esac`,
    );
    machine.fake("docker-compose", `[ "\${*: -3}" = "ps --quiet blue" ] && echo blue`);
    machine.fake(
      "sudo",
      `case "$*" in
      "readlink /proc/"*/exe) cat '${home}/dockerd' ;;
      "systemctl restart docker") log "$*"; cat '${home}/rules' >>'${home}/log' ;;
      *) exec "$@" ;;
      esac`,
    );
    machine.fake("nice", 'shift 2; exec "$@"');
    machine.fake("dpkg", `log "dpkg $*"; [ ! -e '${home}/broken' ]`);
    machine.fake(
      "apt-get",
      `log "apt-get $*"
      case "$*" in
      *" --simulate "* | "--simulate "*) printf 'Inst %s\\n' one two; exit ;;
      *" upgrade "*) echo "$NEEDRESTART_SUSPEND $DEBIAN_FRONTEND" >'${home}/env' ;;
      esac
      if [ -e '${home}/refused' ] && [[ $* == *" $(cat '${home}/refused')"* ]]; then echo "E: no way"; exit 100; fi`,
    );
    // Rules are kept in a file, as the kernel would keep them.
    machine.fake(
      "iptables",
      `if [ -e '${home}/no-iptables' ]; then echo "iptables: no such table" >&2; exit 1; fi
      case $4 in
      --insert) echo "dropped: port $9" >>'${home}/rules' ;;
      --delete) sed -i "/port $9$/d" '${home}/rules' ;;
      esac`,
    );
    machine.write("rules", "");
    machine.script("build.sh", `log "build$fresh $*"`);
    machine.script("deploy.sh", 'log "deploy $*"');
    machine.script("serving.sh", 'log "serving $*"');
  });
  afterEach(() => machine.remove());

  const patch = () => machine.run("patch.sh");
  const succeeds = () => {
    const { status, stdout, stderr } = patch();
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: "" });
    return stdout;
  };
  const fails = () => {
    const { status, stderr } = patch();
    expect(status).to.equal(1);
    expect(machine.log).to.not.include("deploy ");
    return stderr;
  };
  const name = /flask-on-aws-app:c0ffee-1-p\d{14}/.source;

  it("upgrades the packages, and then releases the commit that serves in an image that is made anew", () => {
    expect(succeeds()).to.equal("2 packages are upgraded\n");
    expect(machine.log).to.match(
      new RegExp(
        "^dpkg --force-confdef --force-confold --configure --pending\n" +
          "apt-get --assume-yes .* update\napt-get --simulate .*\napt-get .* upgrade --with-new-pkgs\n" +
          `build1 c0ffee (${name}) python:3.11   libmagic1 git\ndeploy \\1\n$`,
      ),
    );
    expect(machine.read("env"), "no service restarts unasked").to.equal("1 noninteractive\n");
    expect(machine.exists("root/upgraded")).to.equal(true);
  });

  it("names the image by the one that was released, also when that is a patch", () => {
    machine.write("serves", `${image}-p20260102030405\n`);
    machine.write("root/descriptions/c0ffee-1-p20260102030405.recipe", "python:3.11\n\n\n\n");
    succeeds();
    expect(machine.log).to.match(new RegExp(`^deploy ${name}$`, "m"));
  });

  it("upgrades the packages only as long as nothing serves", () => {
    machine.write("serves", "");
    expect(succeeds()).to.match(/\nnothing serves, so there is no image to build\n$/);
    expect(machine.log).to.not.include("build");
  });

  for (const [step, error] of [
    ["update", "Debian's lists of packages cannot be read"],
    ["upgrade", "the upgrade of 2 packages was not finished"],
  ] as const) {
    it(`leaves what serves when apt-get ${step} fails, and the next run finishes it`, () => {
      machine.write("refused", step);
      const stderr = fails();
      expect(stderr).to.match(
        new RegExp(`^error: ${error}\n +Commit c0ffee serves\\.\nremedy: .*`),
      );
      expect(stderr).to.match(/then: \.\/ops patch\n {2}\| E: no way\n$/);
      machine.write("refused", "nothing");
      succeeds();
    });
  }

  it("ends before apt begins when what a run that was cut off has left cannot be configured", () => {
    machine.write("broken", "");
    expect(fails()).to.match(/^error: packages that an earlier upgrade has left half installed /);
    expect(machine.log).to.not.include("apt-get");
  });

  it("ends with the status of a release that fails", () => {
    machine.script("deploy.sh", "exit 5");
    expect(patch().status).to.equal(5);
  });

  it("asks for a release by this version when it does not know what the image was built from", () => {
    machine.write("serves", "flask-on-aws-app:older-1\n");
    expect(fails()).to.match(
      /^error: an earlier version .*\n.*\n.*\nremedy: pulumi config set appCommit c0ffee && pulumi up, then: \.\//,
    );
  });

  it("restarts an upgraded Docker while what clients send is dropped, and no longer", () => {
    machine.write("dockerd", "/usr/sbin/dockerd (deleted)\n");
    expect(succeeds()).to.include("\nthe upgraded Docker runs, and no container was restarted\n");
    expect(machine.log).to.match(
      /systemctl restart docker\ndropped: port 80\n.*443\n.*5085\nbuild/,
    );
    expect(machine.read("rules")).to.equal("");
  });

  it("does not restart a Docker that ends its containers", () => {
    machine.write("dockerd", "/usr/sbin/dockerd (deleted)\n");
    machine.write("live-restore", "false\n");
    expect(succeeds()).to.match(
      /^note: the upgraded Docker begins at the next .*live-restore is off$/m,
    );
    expect(machine.log).to.not.include("systemctl");
  });

  it("does not restart Docker where clients would notice", () => {
    machine.write("dockerd", "/usr/sbin/dockerd (deleted)\n");
    machine.write("no-iptables", "");
    expect(succeeds()).to.match(/^note: the upgraded Docker begins .*: iptables: no such table$/m);
    expect(machine.log).to.not.include("systemctl");
  });

  it("asks for an up where tasks serve, which have the image of before until then", () => {
    machine.stack({ TASKS_CLUSTER: "cluster" });
    expect(succeeds()).to.include("give them the new one: pulumi up\n");
    expect(machine.log).to.match(/\nserving request-release\n$/);
    expect(machine.exists("root/tasks-behind")).to.equal(true);
  });
});

describe("Clients that are held", () => {
  it("are served again when standard input ends, or the time is over", () => {
    const machine = new FakeMachine();
    try {
      machine.fake("iptables", 'log "$4 $9"');
      machine.script("open.sh", 'cd "$(dirname "$0")"; mkfifo in; exec ./hold-clients.sh 0.1 <>in');
      for (const [script, seconds] of [
        ["hold-clients.sh", "600"],
        ["open.sh", ""],
      ] as const) {
        expect(machine.run(script, [seconds]).stdout).to.equal("held\n");
        const ports = (option: string) => [80, 443, 5085].map((port) => `${option} ${port}\n`);
        expect(machine.log).to.equal([...ports("--insert"), ...ports("--delete")].join(""));
        machine.write("log", "");
      }
    } finally {
      machine.remove();
    }
  });
});
