/** lab/setup on hosts that lack something: each run ends with one error that names what, where and the remedy. */
import { expect } from "chai";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { run } from "../../lab/support/lab.ts";
import { killProcessesOf, processesOf } from "../support/host-footprint.ts";
import { skip } from "../support/skip.ts";

/** A host with its own cache and PATH: this computer's programs, except those that are left out or replaced. */
class BareMachine {
  private readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async make(
    leftOut: string[],
    replaced: Record<string, string> = {},
  ): Promise<BareMachine> {
    const machine = new BareMachine(await mkdtemp(join(tmpdir(), "machine-")));
    const bin = join(machine.directory, "bin");
    await mkdir(bin);
    for (const [name, script] of Object.entries(replaced)) {
      await writeFile(join(bin, name), `#!/bin/bash\n${script}\n`, { mode: 0o755 });
    }
    const without = new Set([...leftOut, ...Object.keys(replaced)]);
    for (const place of process.env.PATH!.split(":")) {
      for (const name of await readdir(place).catch(() => [])) {
        if (without.has(name)) continue;
        without.add(name);
        await symlink(join(place, name), join(bin, name));
      }
    }
    return machine;
  }

  get cache(): string {
    return join(this.directory, "cache");
  }

  /** Runs a program of the lab on this host. */
  run(program: string, args: string[] = [], env: Record<string, string> = {}) {
    return run(program, args, {
      env: { PATH: join(this.directory, "bin"), LAB_CACHE: this.cache, ...env },
    });
  }

  setUp(env?: Record<string, string>) {
    return this.run("lab/setup", [], env);
  }

  /** Kills all processes that it runs. */
  kill(): void {
    killProcessesOf(this.cache);
  }

  remove(): Promise<void> {
    this.kill();
    return rm(this.directory, { recursive: true, force: true });
  }
}

interface Case {
  lacks: string;
  leftOut?: string[];
  replaced?: Record<string, string>;
  env?: Record<string, string>;
  /** What the error says. */
  says: RegExp;
}

/** Without these, lab/setup builds Pulumi. */
const withoutPulumi = ["pulumi", "pulumi-language-nodejs"];

const cases: Case[] = [
  {
    lacks: "Linux",
    replaced: { uname: "echo Darwin" },
    says: /Linux.*this is Darwin.*use a Linux machine or VM/,
  },
  {
    lacks: "a valid name for the lab",
    env: { LAB_NAME: "My Lab" },
    says: /LAB_NAME is 'My Lab': use 1 to 32 of a-z, 0-9 and -/,
  },
  {
    lacks: "a supported processor",
    replaced: { uname: "[[ $1 == -m ]] && echo riscv64 || echo Linux" },
    says: /processor is riscv64.*x86_64 and aarch64/,
  },
  {
    lacks: "Go",
    leftOut: [...withoutPulumi, "go"],
    says: /Go is not on PATH, and set-up builds .*remedy: install Go 1\.\d+/s,
  },
  {
    lacks: "a recent Go",
    leftOut: withoutPulumi,
    replaced: { go: "[[ $2 == GOVERSION ]] && echo go1.19.8 || echo local" },
    says: /Go at \S*\/go is 1\.19\.8; building the lab's tools needs 1\.\d+/,
  },
  {
    lacks: "enough disk for the tools",
    leftOut: withoutPulumi,
    replaced: { df: "echo Avail; echo 100" },
    says: /cache has 100 MB free; building Pulumi with Go needs \d+ MB.*set LAB_CACHE/s,
  },
  {
    lacks: "enough disk for the images",
    replaced: {
      df: "echo Avail; echo 100",
      docker: `[[ $1 == image ]] && exit; exec ${await which("docker")} "$@"`,
    },
    says: /has 100 MB free; Docker with the lab's images needs \d+ MB/,
  },
  {
    lacks: "a local Docker",
    env: { DOCKER_HOST: "tcp://docker.example.com:2376" },
    says: /DOCKER_HOST is tcp:\/\/docker\.example\.com:2376.*remedy: unset DOCKER_HOST/s,
  },
  {
    lacks: "permission for container capabilities",
    replaced: {
      docker: `[[ $1 == run ]] && { echo "not permitted" >&2; exit 1; }; exec ${await which("docker")} "$@"`,
    },
    says: /cannot run a container with the capabilities SYS_ADMIN .*: not permitted.*remedy:/s,
  },
];

async function which(command: string): Promise<string> {
  return (await run("bash", ["-c", `command -v ${command}`])).stdout.trim();
}

describe("lab/setup", function () {
  this.timeout(300_000);
  let machine: BareMachine;
  afterEach(() => machine.remove());

  for (const { lacks, leftOut = [], replaced, env, says } of cases) {
    it(`fails on a host without ${lacks}, and installs nothing`, async () => {
      machine = await BareMachine.make(leftOut, replaced);
      const { status, stderr } = await machine.setUp(env);
      expect(stderr).to.match(says);
      expect(stderr.match(/^error:/gm)).to.have.lengthOf(1);
      expect(status).to.equal(1);
      const made = await readdir(machine.cache).catch(() => []);
      expect(made.filter((name) => /tools|venv/.test(name))).to.deep.equal([]);
    });
  }

  it("needs no disk for images that exist already", async () => {
    machine = await BareMachine.make([], { df: "echo Avail; echo 100" });
    for (const made of [process.env.LAB_VENV!, process.env.LAB_TOOLS!]) {
      await mkdir(machine.cache, { recursive: true });
      await symlink(made, join(machine.cache, basename(made)));
    }
    const { status, stderr } = await machine.setUp();
    expect(status, stderr).to.equal(0);
  });

  it("continues where it was killed, and does nothing when it is complete", async () => {
    const calls = '"$LAB_CACHE/calls"';
    const go = `
      [[ $1 == env ]] && { [[ $2 == GOVERSION ]] && echo go1.99 || echo auto; exit; }
      [[ $1 == list ]] && exit
      echo build >>${calls}
      [[ -e $LAB_CACHE/interrupt ]] && sleep 600
      while [[ $1 != -o ]]; do shift; done
      printf '#!/bin/sh\necho v3.999.0\n' >"$2"; chmod +x "$2"`;
    machine = await BareMachine.make(withoutPulumi, { go });
    // The results of the other steps exist already.
    await mkdir(join(machine.cache, basename(process.env.LAB_VENV!)), { recursive: true });
    const counted = async () => (await readFile(join(machine.cache, "calls"), "utf8")).length / 6;

    await writeFile(join(machine.cache, "interrupt"), "");
    const first = machine.setUp();
    while (!(await counted().catch(() => 0))) await new Promise((done) => setTimeout(done, 50));
    machine.kill();
    expect((await first).status).not.to.equal(0);
    await rm(join(machine.cache, "interrupt"));

    const second = await machine.setUp();
    expect(second.status, second.stderr).to.equal(0);
    expect(second.stdout).to.match(/Pulumi and its language host, built with Go \(\d+\.\d s\)/);
    expect(await counted()).to.equal(3);
    expect((await machine.setUp()).stdout).not.to.match(/Pulumi/);
    expect(await counted()).to.equal(3);
  });

  it("installs and starts Docker's engine as root on Debian, and lab/down --engine stops it", async function () {
    if (process.getuid?.() !== 0 || !existsSync("/etc/debian_version")) {
      skip(this, "set-up installs Docker's engine only as root on Debian");
    }
    // The fake engine does nothing; while it runs, this computer's own engine answers instead.
    machine = await BareMachine.make(["dockerd"], {
      docker: `
        [[ $1 == info && ! -e $LAB_CACHE/engine ]] && exit 1
        [[ $1 == ps ]] && exit # of the real one's containers none counts
        exec ${await which("docker")} "$@"`,
      "apt-get": `
        [[ $1 == update ]] && exit
        [[ $* == *docker.io* ]] || exec ${await which("apt-get")} "$@"
        printf '#!/bin/bash\ntrap "rm $LAB_CACHE/engine; kill %%1; exit" TERM
          touch $LAB_CACHE/engine; sleep 600 & wait\n' >"$(dirname "$0")/dockerd"
        chmod +x "$(dirname "$0")/dockerd"`,
    });
    await mkdir(join(machine.cache, basename(process.env.LAB_VENV!)), { recursive: true });
    await symlink(process.env.LAB_TOOLS!, join(machine.cache, basename(process.env.LAB_TOOLS!)));

    const { status, stdout, stderr } = await machine.setUp();
    expect(status, stderr).to.equal(0);
    expect(stdout).to.match(/engine from Debian's packages.*engine started/s);
    expect((await machine.setUp()).stdout).not.to.match(/engine/);
    const env = { LAB_NAME: "test-engine" };
    const down = await machine.run("lab/down", ["--engine"], env);
    expect(down.stdout, down.stderr).to.match(/engine stopped/);
    expect(processesOf(machine.cache)).to.deep.equal([]);
  });
});
