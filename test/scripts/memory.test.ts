import { expect } from "chai";
import { FakeMachine } from "../support/machine.ts";

describe("The memory that a release needs", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack();
    machine.fake("hostname", "echo server");
    machine.fake("docker", "exit 1");
    memory(950, 1023);
  });
  afterEach(() => machine.remove());

  const memory = (total: number, swap: number) =>
    machine.fake("free", `echo 'Mem: ${total} 1'; echo 'Swap: ${swap} 1'`);
  const run = (...names: string[]) =>
    machine.run("memory.sh", [names.map((name) => `${name} python w.py`).join("\n")]);
  const workers = (count: number) => Array.from({ length: count }, (_, index) => `w${index}`);

  it("is there on the smallest machine for web alone, and with some workers and Redis", () => {
    const nothing = { status: 0, stdout: "", stderr: "" };
    expect(run()).to.deep.equal(nothing);
    machine.stack({ APP_REDIS: "true" });
    memory(1200, 0);
    expect(run("worker", "beat")).to.deep.equal(nothing);
  });

  it("is refused with the numbers when it exceeds memory and swap", () => {
    machine.stack({ APP_REDIS: "true" });
    memory(950, 0);
    const { status, stderr } = run("worker", "beat");
    expect(status).to.equal(1);
    expect(stderr).to.equal(
      "error: a release needs about 1084 MiB of memory while old and new version run,\n" +
        "       and server has 950 MiB and 0 MiB of swap. In MiB:\n" +
        "         web 200 and 200\n         worker 80 and 80\n         beat 80 and 80\n         Redis 64\n         the rest 300\n" +
        "remedy: set a larger instanceType: pulumi config set instanceType TYPE && pulumi up;\n" +
        "        or have fewer processes in the Procfile\n",
    );
  });

  it("is a warning when swap makes up for it", () => {
    expect(run("worker", "beat").stdout).to.match(
      /^warning: a release needs about 1020 MiB .*\n.* 950 MiB and 1023 MiB of swap\. /,
    );
    expect(run(...workers(7)).status).to.equal(0);
    expect(run(...workers(8)).status).to.equal(1);
  });

  it("is by what the running containers take, where they run", () => {
    machine.write("root/proxy/active", "green\n");
    machine.stack({ APP_REDIS: "true" });
    machine.fake(
      "docker",
      `echo ' PID RSS'; case "$*" in
      "top flask-on-aws-green-1 -o pid,rss") echo "1 22528"; echo "2 1550336" ;;
      "top flask-on-aws-green-worker-1 -o pid,rss") echo "7 123800" ;;
      "top flask-on-aws-redis-1 -o pid,rss") echo "8 9300" ;;
      *) exit 1 ;;
      esac`,
    );
    memory(100, 0);
    expect(run("worker", "beat", "new").stderr).to.include("a release needs about 2565 MiB of");
    expect(run("worker", "beat", "new").stderr).to.include(
      "         web 1536 and 200\n         worker 120 and 80\n         beat 80 and 80\n         new 80 and 80\n         Redis 9\n",
    );
  });
});
