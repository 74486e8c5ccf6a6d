import { expect } from "chai";
import { program, upstream } from "./program.ts";
import type { PortAnswer } from "../../deployer/ports.ts";
import { reach, reachOrOpen } from "../../deployer/reach.ts";

/** Runs with one pair of answers per try, of which the last repeats, on a clock that each try advances. */
async function reached(...answers: [ssh: PortAnswer, web: PortAnswer][]) {
  let seconds = 0;
  let at = 0;
  const why = await reach({
    probe: (port) => {
      const [ssh, web] = answers[Math.min(at, answers.length - 1)]!;
      return Promise.resolve(port === 22 ? ssh : web);
    },
    now: () => seconds,
    pause: () => {
      seconds += answers[Math.min(at, answers.length - 1)]!.includes("silent") ? 6 : 1;
      at += 1;
      return Promise.resolve();
    },
  });
  return { why, seconds };
}

describe("The SSH reachability check", () => {
  it("succeeds at once when sshd answers", async () => {
    expect(await reached(["open", "refused"])).to.deep.equal({ why: undefined, seconds: 0 });
  });

  it("waits while the app server boots", async () => {
    const boot: [PortAnswer, PortAnswer][] = [
      ["silent", "silent"],
      ["silent", "silent"],
      ["refused", "refused"],
    ];
    expect((await reached(...boot, ["open", "refused"])).why).to.equal(undefined);
  });

  it("reports within 90 s that SSH is blocked when the app server answers on another port", async () => {
    for (const web of ["refused", "open"] as const) {
      const { why, seconds } = await reached(["silent", "silent"], ["silent", web]);
      expect(why, web).to.equal("closed");
      expect(seconds + 6).to.be.below(90);
    }
  });

  it("does not report blocked SSH after two lost packets in a row", async () => {
    const lost: [PortAnswer, PortAnswer] = ["silent", "refused"];
    const { why } = await reached(lost, lost, ["refused", "refused"], lost, lost, [
      "open",
      "refused",
    ]);
    expect(why).to.equal(undefined);
  });

  it("reports within 90 s that nothing answers", async () => {
    const { why, seconds } = await reached(["silent", "silent"]);
    expect(why).to.equal("absent");
    expect(seconds).to.be.below(90);
  });

  it("waits five minutes for sshd when the app server refuses connections", async () => {
    const { why, seconds } = await reached(["refused", "refused"]);
    expect(why).to.equal("booting");
    expect(seconds).to.be.within(300, 310);
  });

  it("tries once more only when a rule was added for blocked SSH", async () => {
    const trial = async (added: boolean, after: PortAnswer) => {
      let opened = 0;
      const probe = (port: number) => {
        const ssh = opened > 0 ? after : "silent";
        return Promise.resolve<PortAnswer>(port === 22 ? ssh : "refused");
      };
      const why = await reachOrOpen({ probe, now: () => 0, pause: () => Promise.resolve() }, () => {
        opened += 1;
        return Promise.resolve(added);
      });
      return { why, opened };
    };
    expect(await trial(true, "open")).to.deep.equal({ why: undefined, opened: 1 });
    expect(await trial(true, "silent")).to.deep.equal({ why: "closed", opened: 1 });
    expect(await trial(false, "open")).to.deep.equal({ why: "closed", opened: 1 });
  });

  it("runs before the first step, and again for each release and each app server", async () => {
    const reachOf = (built: Awaited<ReturnType<typeof program>>) =>
      built.one("command:local:Command", "release-reach").inputs;
    const built = await program();
    expect(upstream(built, "command:remote:Command flask-on-aws-dev-release-install")).to.include(
      "command:local:Command flask-on-aws-dev-release-reach",
    );
    const { triggers, create } = reachOf(built);
    expect(triggers).to.include("flask-on-aws-dev-app-machine-id");
    const [, access] = / deployer\/reach\.ts '198\.18\.0\.64' 'dev' '(.*)'$/.exec(create)!;
    expect(access).to.equal(JSON.stringify(built.outputs.sshAccess!.value));
    const another = await program({ appCommit: "261b5300000000000000000000000000000000ab" });
    expect(reachOf(another).triggers).to.not.deep.equal(triggers);
  }).timeout(60_000); // it loads the whole program, and runs it twice
});
