import { expect } from "chai";
import { statSync } from "node:fs";
import { join } from "node:path";
import { FakeMachine } from "../support/machine.ts";

const mebibytes = (mem: number) =>
  `printf '%s\\n' "        total  used" "Mem:  ${mem}  500" "Swap:  0  0"`;
const entry = "/swapfile none swap sw,nofail 0 0";

describe("The swap file", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    const { home } = machine;
    machine.write("etc/fstab", "UUID=1 / ext4 rw 0 1"); // without a newline
    machine.write("etc/sysctl.d/README", "");
    machine.write("active", "");
    machine.fake("free", `[ "$*" = --mebi ] && ${mebibytes(950)}`);
    machine.fake("df", `[ "\${*: -1}" = / ] && printf 'Avail\\n 3072\\n'`);
    // Moves root's files into the home. A command that matches the file `kill` kills the whole run instead.
    machine.fake(
      "sudo",
      `words=(); for word; do case $word in /swapfile | /etc/*) word='${home}'$word ;; esac; words+=("$word"); done
      if [ -e '${home}/kill' ] && [[ $* == $(cat '${home}/kill') ]]; then rm '${home}/kill'; kill -9 0; fi
      log "$*"; exec "\${words[@]}"`,
    );
    machine.fake("fallocate", `[ "$1 $2" = "--length 1GiB" ] && echo zeros >>"$3"`);
    machine.fake("mkswap", `[ "$(cat "$1")" = zeros ] && echo signed >"$1" && echo "Setting up"`);
    machine.fake(
      "swapon",
      `if [ "$1" = --show=NAME ]; then cat '${home}/active'; exit; fi
      [ "$(stat --format %a "$1") $(cat "$1")" = "600 signed" ] && echo "\${1#'${home}'}" >'${home}/active'`,
    );
    machine.fake("sysctl", `[ "$1 $2" = "--quiet --load" ] && cp "$3" '${home}/loaded'`);
  });
  afterEach(() => machine.remove());

  const swap = () => machine.run("swap.sh");
  const changed = () =>
    machine.log.split("\n").filter((line) => line !== "" && !line.startsWith("swapon --show"));
  const isComplete = () => {
    expect(machine.read("active")).to.equal("/swapfile\n");
    expect(machine.read("swapfile")).to.equal("signed\n");
    expect(statSync(join(machine.home, "swapfile")).mode & 0o777).to.equal(0o600);
    const lines = machine.read("etc/fstab").split("\n");
    expect(lines[0], "what was there").to.equal("UUID=1 / ext4 rw 0 1");
    expect(lines.slice(1).filter((line) => line !== "")).to.deep.equal([entry]);
    expect(machine.read("etc/sysctl.d/90-flask-on-aws.conf")).to.equal("vm.swappiness = 10\n");
    expect(machine.read("loaded")).to.equal("vm.swappiness = 10\n");
  };

  it("is created once on an app server with 1 GiB of memory, also for the next boot", () => {
    const { status, stdout, stderr } = swap();
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: "" });
    expect(stdout).to.match(/^\S+ has 950 MiB of memory, and 1 GiB of swap from now on\n$/);
    isComplete();
    expect(swap()).to.deep.equal({ status: 0, stdout: "", stderr: "" });
    isComplete();
    expect(machine.log.match(/^mkswap/gm)).to.have.length(1);
  });

  it("is not created on an app server with 2 GiB of memory", () => {
    machine.fake("free", mebibytes(1900));
    expect(swap()).to.deep.equal({ status: 0, stdout: "", stderr: "" });
    expect(machine.log).to.equal("");
  });

  it("is not created when other swap exists", () => {
    machine.write("active", "/dev/nvme0n1p3\n");
    expect(swap()).to.deep.equal({ status: 0, stdout: "", stderr: "" });
    expect(changed()).to.deep.equal([]);
  });

  it("is not created when the disk has too little space, and a note says so", () => {
    machine.fake("df", "printf 'Avail\\n 3071\\n'");
    const { status, stdout, stderr } = swap();
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: "" });
    expect(stdout).to.match(
      /^note: \S+ has 950 MiB of memory and no swap: it needs 3072 MiB free on \/, and 3071 MiB are\n$/,
    );
    expect(machine.exists("swapfile")).to.equal(false);
  });

  it("is removed when swapon is not permitted, and a note says so", () => {
    machine.fake(
      "swapon",
      `[ "$1" = --show=NAME ] || { echo "swapon: swapon failed: Operation not permitted" >&2; exit 255; }`,
    );
    const { status, stdout, stderr } = swap();
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: "" });
    expect(stdout).to.match(
      /^note: \S+ has 950 MiB of memory and no swap: swapon: .*: Operation not permitted\n$/,
    );
    expect(machine.exists("swapfile")).to.equal(false);
    expect(machine.read("etc/fstab")).to.not.include("swap");
    expect(machine.exists("loaded")).to.equal(false);
  });

  for (const command of [
    ...["install *", "fallocate *", "mkswap *", "swapon /swapfile", "grep *"],
    ...["tee -a *", "tee /etc/sysctl*", "sysctl *"],
  ]) {
    it(`is complete after a second run when the first is killed before ${command}`, async () => {
      machine.write("kill", command);
      expect((await machine.start("swap.sh").ended).status).to.equal(null);
      expect(machine.exists("kill")).to.equal(false);
      expect(swap().status).to.equal(0);
      isComplete();
    });
  }
});
