import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { containerOptions } from "../../../../../lab/controller/tasks/start-command.ts";
import { task } from "../observed.ts";

describe("The container of a task", () => {
  const options = (more: Partial<typeof task>, own = {}) =>
    containerOptions({ ...task, ...more }, "image:1", own, "10.0.0.2");

  it("runs the image's entrypoint with the command of the task, else of the image", () => {
    const own = { Entrypoint: ["/entrypoint"], Cmd: ["serve"] };
    expect(options({}, own).Entrypoint!.slice(3)).to.deep.equal(["/entrypoint"]);
    expect(options({}, own).Cmd).to.deep.equal(["serve"]);
    expect(options({ command: ["migrate", "now"] }, own).Cmd).to.deep.equal(["migrate", "now"]);
    expect(options({}, { Entrypoint: null, Cmd: "serve" }).Cmd).to.deep.equal(["serve"]);
  });

  it("runs the entrypoint of the task without the image's command", () => {
    const own = { Entrypoint: ["/entrypoint"], Cmd: ["serve"] };
    const { Entrypoint, Cmd } = options({ entryPoint: ["sh", "-c"] }, own);
    expect(Entrypoint!.slice(3)).to.deep.equal(["sh", "-c"]);
    expect(Cmd).to.deep.equal([]);
    const both = options({ entryPoint: ["sh", "-c"], command: ["exec work"] }, own);
    expect(both.Cmd).to.deep.equal(["exec work"]);
  });

  it("gives way to the program, with its arguments as they are", function () {
    const shell = options({}).Entrypoint as string[];
    // The machine of the test has no eth0 that it waits for.
    const script = shell[2]!.replace(/until .*; done/, ":");
    const words = ["printf", "%s|", "a b", "$HOME", "'"];
    expect(execFileSync("/bin/sh", ["-c", script, ...words]).toString()).to.equal("a b|$HOME|'|");
  });

  it("waits for the default route of eth0 as Linux writes it", () => {
    const script = (options({}).Entrypoint as string[])[2]!;
    const pattern = /grep -q "([^"]*)"/.exec(script)![1]!;
    const grep = (table: string) =>
      execFileSync("sh", ["-c", `grep -c "${pattern}" || :`], { input: table })
        .toString()
        .trim();
    const local = "Iface\tDestination\tGateway\neth0\t0001000A\t00000000\t0001\n";
    expect(grep(local)).to.equal("0");
    expect(grep(`${local}eth0\t00000000\t0101000A\t0003\n`)).to.equal("1");
  });

  it("has output that the controller can read, and no health check of its image", () => {
    const { HostConfig, Healthcheck } = options({});
    expect(HostConfig!.LogConfig!.Type).to.equal("json-file");
    expect(Healthcheck).to.deep.equal({ Test: ["NONE"] });
  });

  it("has the environment, the resolver and the limits of the task", () => {
    const { Env, HostConfig, StopTimeout, Hostname } = options({
      environment: { A: "1", B: "x=y z" },
    });
    expect(Hostname).to.equal("ip-10-0-1-30");
    expect(HostConfig!.ExtraHosts).to.deep.equal(["ip-10-0-1-30:10.0.1.30"]);
    expect(Env).to.deep.equal(["A=1", "B=x=y z"]);
    expect(StopTimeout).to.equal(30);
    expect(HostConfig).to.deep.include({ NetworkMode: "none", Dns: ["10.0.0.2"] });
    expect(HostConfig).to.include({ Memory: 512 * 2 ** 20, MemorySwap: 512 * 2 ** 20 });
    expect(HostConfig).to.include({ CpuPeriod: 100_000, CpuQuota: 25_000 });
  });
});
