import { expect } from "chai";
import { FakeMachine } from "../support/machine.ts";

describe("Redis beside the app", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack({ APP_REDIS: "true", REDIS_IMAGE: "valkey:2" });
    memory(950);
    machine.fake("docker", `[ "$*" = "inspect --format {{.Config.Image}} 1" ] && echo valkey:1`);
    // With the file `before`, container 1 runs. An image in the file `broken` does not start.
    machine.fake(
      "docker-compose",
      `cd '${machine.home}'; shift 8
      case "$*" in
      "ps --quiet redis") [ ! -e before ] || echo 1 ;;
      "up "*) log "$REDIS_IMAGE $REDIS_MEMORY $REDIS_USER $*"; ! grep -sqx "$REDIS_IMAGE" broken || { echo exited; exit 1; } ;;
      "logs "*) printf '\\033[2Kits log\\n' ;;
      "rm "*) log "$*" ;;
      *) exit 9 ;;
      esac`,
    );
  });
  afterEach(() => machine.remove());

  const memory = (total: number) => machine.fake("free", `echo 'Mem: ${total} 1'`);
  const owner = `${process.getuid!()}:${process.getgid!()}`;
  const up = "up --detach --quiet-pull --no-deps --wait --wait-timeout 60 redis";

  it("starts before anything else is changed, as the login user, and is awaited until it answers", () => {
    expect(machine.run("redis.sh", ["start"])).to.deep.equal({ status: 0, stdout: "", stderr: "" });
    expect(machine.log).to.equal(`valkey:2 64 ${owner} ${up}\n`);
    expect(machine.exists("root/redis")).to.equal(true);
  });

  it("may take a sixteenth of the memory, at least 64 MB", () => {
    memory(3900);
    machine.run("redis.sh", ["start"]);
    expect(machine.log).to.include(" 243 ");
  });

  it("is the one of before again when another image does not start", () => {
    machine.write("before", "");
    machine.write("broken", "valkey:2\n");
    const { status, stderr } = machine.run("redis.sh", ["start"]);
    expect(status).to.equal(1);
    expect(stderr).to.equal(
      `error: Redis does not start from the image valkey:2, with its data in ${machine.root}/redis\n` +
        "remedy: correct the setting redisImage, or set it back: pulumi config set redisImage valkey:1;\n" +
        "        then run pulumi up again\n  | exited\n  | its log\n",
    );
    expect(machine.log.match(/^valkey:\d/gm)).to.deep.equal(["valkey:2", "valkey:1"]);
  });

  it("has no image of before when the first one does not start", () => {
    machine.write("broken", "valkey:2\n");
    expect(machine.run("redis.sh", ["start"]).stderr).to.include(
      "or set it back;\n        then run",
    );
    expect(machine.log.match(/^valkey:\d/gm)).to.deep.equal(["valkey:2"]);
  });

  it("is removed once it is turned off, and its data stays", () => {
    machine.write("root/redis/appendonlydir/a", "");
    machine.run("redis.sh", ["remove"]);
    expect(machine.exists("log")).to.equal(false);
    for (const APP_REDIS of ["false", ""]) {
      machine.stack({ APP_REDIS });
      machine.write("log", "");
      expect(machine.run("redis.sh", ["remove"]).status).to.equal(0);
      expect(machine.log).to.equal("rm --force --stop redis\n");
    }
    expect(machine.exists("root/redis/appendonlydir/a")).to.equal(true);
  });
});
