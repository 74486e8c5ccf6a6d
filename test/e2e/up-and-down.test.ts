/** Labs that start, run side by side, lose processes and end. */
import { expect } from "chai";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Lab, outputOf, run, succeed } from "../../lab/support/lab.ts";
import { added, hostFootprint, killProcessesOf } from "../support/host-footprint.ts";

describe("lab/up and lab/down", function () {
  this.timeout(120_000);

  const one = new Lab("test-one");
  const two = new Lab("test-two");
  afterEach(() => Promise.all([one.down(), two.down()]));

  const subnet = async (lab: Lab) =>
    (await readFile(join(lab.home, "subnet"), "utf8")).split(" ")[0];
  const containers = (lab: Lab) =>
    succeed("docker", ["ps", "--quiet", "--filter", `label=flask-on-aws.lab=${lab.home}`]);
  const kill = (lab: Lab, service: string) =>
    expect(killProcessesOf(`LAB_SERVICE=${lab.home}:${service}`), service).to.be.at.least(1);

  it("name the port of LAB_API_PORT when it is in use", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const { status, stderr } = await one.tryUp({ LAB_API_PORT: String(port) });
    server.close();
    expect(stderr).to.include(`LAB_API_PORT is ${port}, and that port of 127.0.0.1 is taken`);
    expect(stderr).to.include("set another one");
    expect(status).to.equal(1);
  });

  it("refuse a lab name that is reserved for tests", async () => {
    const { status, stderr } = await one.tryUp({ LAB_OF_TESTS: "" });
    expect(stderr).to.match(/LAB_NAME is 'test-one'.*would remove.*remedy: .*another name/s);
    expect(status).to.equal(1);
  });

  /** A container as a lab of the same name has one, of another clone. */
  const startForeign = async (...command: string[]) => {
    const image = (await succeed("lab/images/name", ["net"])).trim();
    const name = `${one.name}-internet`;
    const label = `flask-on-aws.lab=/another/clone/.lab/${one.name}`;
    await succeed("docker", [
      "run",
      "--detach",
      "--name",
      name,
      "--label",
      label,
      image,
      ...command,
    ]);
    return name;
  };

  it("leave another clone's lab of the same name alone, and say where it is", async () => {
    const name = await startForeign("sleep", "300");
    try {
      const { status, stderr } = await one.tryUp();
      expect(stderr).to.match(/'test-one' of \/another\/clone .*remedy: .*\/clone\/lab\/down/s);
      expect(status).to.equal(1);
      await one.down();
      await succeed("docker", ["inspect", name]);
    } finally {
      await succeed("docker", ["rm", "--force", name]);
    }
  });

  it("remove what another clone's lab of the same name left when the machine stopped", async () => {
    const name = await startForeign("true");
    await succeed("docker", ["wait", name]);
    expect(await one.up()).to.match(/removing what lab 'test-one' of \/another\/clone has left/);
    const label = await succeed("docker", [
      ...["inspect", name, "--format", '{{index .Config.Labels "flask-on-aws.lab"}}'],
    ]);
    expect(label.trim()).to.equal(one.home);
  });

  it("print after Ctrl-C how to continue, and continue on the next run", async () => {
    const env = { ...process.env, LAB_NAME: one.name, LAB_OF_TESTS: "1", LAB_ANSWERS: "" };
    // A terminal sends Ctrl-C to the whole process group.
    const child = spawn("lab/up", { env, detached: true, stdio: ["ignore", "pipe", "inherit"] });
    const output = outputOf(child);
    while (!(await subnet(one).catch(() => undefined)) && child.exitCode === null) await sleep(20);
    expect(child.exitCode, `lab/up ended early:\n${output()}`).to.equal(null);
    process.kill(-child.pid!, "SIGINT");
    expect(await once(child, "close")).to.deep.equal([130, null]);
    expect(output()).to.match(/interrupted; lab\/up goes on from here, lab\/down removes/);
    await one.up();
    expect(await containers(one)).not.to.equal("");
  });

  /** Whether the internet host of one lab can connect to that of the other. */
  const reaches = async (from: Lab, to: Lab) => {
    const connect = `</dev/tcp/198.18.${await subnet(to)}.2/443`;
    const command = ["exec", `${from.name}-internet`, "timeout", "2", "bash", "-c", connect];
    return (await run("docker", command)).status === 0;
  };

  it("start two isolated labs at the same time, and remove one without the other", async () => {
    await Promise.all([one.up(), two.up()]);
    expect(await subnet(one)).not.to.equal(await subnet(two));
    expect(await reaches(one, one)).to.equal(true);
    expect([await reaches(one, two), await reaches(two, one)]).to.deep.equal([false, false]);
    await one.down();
    expect(await containers(one)).to.equal("");
    expect(await containers(two)).not.to.equal("");
    expect(await two.up(), "is up still").to.equal("");
  });

  it("restart only the controller when only the controller has ended", async () => {
    await one.up();
    const before = await containers(one);
    kill(one, "controller");
    expect(await one.up()).to.match(/is up/);
    expect(await one.up()).to.equal("");
    expect(await containers(one)).to.equal(before);
  });

  it("report a lab whose API has ended, and remove all that killed processes have left", async () => {
    const image = (await succeed("lab/images/name", ["net"])).trim();
    const before = await hostFootprint(image, one.home);
    await one.up();
    kill(one, "controller");
    kill(one, "api");
    const { status, stderr } = await one.tryUp();
    expect(stderr).to.match(/AWS API of lab 'test-one' has ended.*remedy: lab\/down/s);
    expect(status).to.equal(1);
    const inside = await run("lab/in", ["true"], { env: { LAB_NAME: one.name } });
    expect([inside.status, inside.stderr]).to.deep.equal([1, stderr]);
    await one.down();
    expect(added(before, await hostFootprint(image, one.home))).to.deep.equal({});
  });
});
