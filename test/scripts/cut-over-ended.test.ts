import { expect } from "chai";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cutOverMachine } from "../support/cut-over-machine.ts";
import { until } from "../support/machine.ts";

describe("A cut-over that ends before its time", () => {
  const { machine, describesApp, switchTo, state, at, deployed } = cutOverMachine();

  /** All that a cut-over changes and the next one reads. */
  const everything = () => {
    const texts = ["release.env", "proxy/active", "proxy/own-port", "proxy/Caddyfile"]
      .concat(
        readdirSync(join(machine().root, "descriptions")).map((name) => `descriptions/${name}`),
      )
      .map((name) => [name, machine().read(join("root", name))] as const);
    const copies = readdirSync(machine().root).filter((name) => name.startsWith("before"));
    return { ...state(), texts, copies, proxy: machine().read("up/proxy") };
  };
  let before: ReturnType<typeof everything>;
  /** Has everything be different in the next release. */
  beforeEach(() => {
    deployed("app:1");
    before = everything();
    machine().write("log", "");
    machine().stack({ PROXY_IMAGE: "caddy:3", UPLOAD_LIMIT: 20 });
    describesApp({ module: "new:app" });
  });
  /** Has a program fail when its arguments fit a pattern of bash, as on a full disk. */
  const full = (program: string, pattern: string) =>
    machine().fake(
      program,
      `if [[ "$*" == ${pattern} ]]; then echo "${program}: No space left on device" >&2; exit 1; fi
      exec /bin/${program} "$@"`,
    );
  /** Starts the release, and sends it a signal when it hangs at a step. */
  const signalled = async (signal: NodeJS.Signals, step: string, env: NodeJS.ProcessEnv = {}) => {
    machine().write("hanging", `${step}\n`);
    machine().fake(
      "curl",
      `cd '${machine().home}'; if grep -qx curl hanging; then mv hanging hangs; exec /bin/sleep 60; fi; printf 200`,
    );
    const release = machine().start("cut-over.sh", ["app:2"], env);
    await until(() => machine().exists("hangs"), `the step ${step}`);
    process.kill(-release.pid, signal);
    const { status, output } = await release.ended;
    rmSync(join(machine().home, "hangs"));
    machine().write("hanging", "");
    return { status, output };
  };

  for (const step of ["up green", "validate caddy:3", "up proxy", "curl"])
    it(`leaves everything as it was after SIGTERM in the step ${step}`, async () => {
      const { status, output } = await signalled("SIGTERM", step);
      expect(everything()).to.deep.equal(before);
      expect(status).to.equal(1);
      expect(output).to.match(
        /^error: the cut-over was not finished: a signal ended it\.\n {7}The version before goes on serving\nremedy: /m,
      );
      expect(machine().log)
        .to.match(/processes remove green\n/)
        .and.not.include("remove blue");
      deployed("app:3");
    });

  const blocked = (path: string) => mkdirSync(join(machine().root, path), { recursive: true });
  const faults: Record<string, () => void> = {
    "the copies cannot be written": () => full("cp", "*/Caddyfile"),
    "the variables of compose.yml cannot be written": () => blocked("release.env.new/x"),
    "the container's variables cannot be written": () => blocked("green.env"),
    "the description cannot be written": () => blocked("descriptions/2.new"),
    "requests cannot be passed": () => blocked("proxy/active.new"),
    "the proxy's configuration cannot be made": () => full("sed", "*UPLOAD_LIMIT*"),
  };
  for (const [what, fault] of Object.entries(faults))
    it(`leaves everything as it was when ${what}, and says why`, () => {
      fault();
      machine().write("root/descriptions/2", "of an earlier release of app:2\n");
      const { status, stderr } = machine().run("cut-over.sh", ["app:2"]);
      expect(status).to.equal(1);
      expect(stderr).to.match(/(No space left on device|Is a directory)\n/);
      expect(stderr).to.match(
        /^error: the cut-over was not finished: a command failed, which has said why\.\n {7}The version before goes on serving\nremedy: if the disk is full, make room: \.\/ops ssh -- df -h\n {8}then run the same command again$/m,
      );
      expect(machine().read("root/descriptions/2")).to.equal("of an earlier release of app:2\n");
      rmSync(join(machine().root, "descriptions/2"));
      rmSync(join(machine().root, "descriptions/2.new"), { recursive: true, force: true });
      expect(everything()).to.deep.equal({ ...before, copies: [] });
    });

  it("has described the new version before requests pass to it", () => {
    machine().fake("mv", `log "mv \${*: -1}"; exec /bin/mv "$@"`);
    switchTo("app:2");
    expect(at(/mv .*\/descriptions\/2$/)).to.be.lessThan(at(/mv .*\/proxy\/active$/));
  });

  it("removes a first version, and passes no request to it", async () => {
    for (const path of ["root/proxy", "up"])
      rmSync(join(machine().home, path), { recursive: true });
    machine().write("up/.keep", "");
    const { status, output } = await signalled("SIGTERM", "curl");
    expect(status).to.equal(1);
    expect(output).to.match(/finished: a signal ended it\nremedy: /);
    expect(state()).to.deep.equal({ up: [], serves: undefined });
  });

  it("is undone before the deploy lock is free, when the lock's holder gets SIGTERM", async () => {
    machine().write("hanging", "up green\n");
    const release = machine().start("deploy-lock.sh", ["cut-over.sh", "app:2"]);
    await until(() => machine().exists("hangs"), "the start of the new version");
    machine().script(
      "processes.sh",
      `log "processes $*, $([ ! -e '${machine().root}/lease' ] || echo held)"`,
    );
    process.kill(release.pid, "SIGTERM");
    expect((await release.ended).output).to.match(/ finished: a signal ended it\.\n/);
    expect(machine().log).to.match(/^processes remove green, held$/m);
    expect(everything()).to.deep.equal(before);
    expect(machine().exists("root/lease")).to.equal(false);
  });

  it("undoes nothing beside the run that has got its deploy lock meanwhile", async () => {
    machine().write("root/lease", "bob\n");
    const { output } = await signalled("SIGTERM", "curl", { LOCK_HOLDER: "ann" });
    expect(state()).to.deep.equal({ up: ["blue", "green"], serves: "green\n" });
    expect(output).to.equal("");
  });

  for (const step of ["up green", "up proxy"])
    it(`does not count for the next release after SIGKILL in the step ${step}`, async () => {
      await signalled("SIGKILL", step);
      expect(everything().copies).to.deep.equal(["before"]);
      machine().write("broken", "validate\n");
      expect(machine().run("cut-over.sh", ["app:3"]).stderr).to.match(/^error: the proxy refuses/);
      const [now, then] = [everything(), before].map(({ texts, ...rest }) => ({
        ...rest,
        texts: texts.filter(([name]) => name !== "descriptions/2" && name !== "proxy/active"),
      }));
      expect({ ...now, up: [], serves: "" }).to.deep.equal({ ...then, up: [], serves: "" });
    });

  it("does not count for the next rollback after SIGKILL", async () => {
    await signalled("SIGKILL", "up proxy");
    expect(machine().run("cut-over.sh", ["app:0", "rollback"]).status).to.equal(0);
    expect(machine().read("root/release.env")).to.include("PROXY_IMAGE=caddy:2\n");
    expect(machine().read("root/proxy/Caddyfile")).to.include("max_size 16MB");
  });
});
