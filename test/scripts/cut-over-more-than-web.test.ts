import { expect } from "chai";
import { cutOverMachine } from "../support/cut-over-machine.ts";

describe("The cut-over, of an app with more than web,", () => {
  const { machine, describesApp, switchTo, state, at, deployed } = cutOverMachine();

  it("starts the processes before the proxy passes requests, and ends the old ones after the last request", () => {
    describesApp({ processes: "worker a" });
    deployed("app:1");
    describesApp({ processes: "worker b\nbeat c" });
    machine().write("busy", "1\n");
    deployed("app:2");
    expect(at("processes remove green")).to.be.lessThan(at(/up .* green/));
    expect(at("gate green")).to.be.lessThan(at("processes start green worker b"));
    expect(at("processes start green worker b")).to.be.lessThan(at(/up .* proxy/));
    expect(at("sleep 0.2")).to.be.lessThan(at("processes remove blue"));
    expect(switchTo("app:1", "caddy:2", "rollback").status).to.equal(0);
    expect(machine().log, "those of the older image").to.match(/^processes start blue worker a$/m);
  });

  it("keeps the old version and its processes when a new process ends, and shows its log alone", () => {
    describesApp({ processes: "worker a" });
    deployed("app:1");
    machine().script(
      "processes.sh",
      `log "processes $*"; if [ "$1" = start ]; then echo Traceback; echo "the process worker ends"; exit 1; fi`,
    );
    expect(switchTo("app:2").stderr).to.equal(
      "error: the process worker ends.\n       The version before goes on serving\n" +
        "remedy: correct the app, or set appCommit back to the commit that serves: commit of blue\n  | Traceback\n",
    );
    expect(state()).to.deep.equal({ up: ["blue"], serves: "blue\n" });
    expect(machine().log).to.match(/processes start green worker a\n[^]*processes remove green\n$/);
    expect(machine().log).to.not.include("processes remove blue");
  });

  it("mounts the directory of appFiles, which it has ready before the version starts", () => {
    machine().script("files.sh", `log "files $*"`);
    deployed("app:1");
    expect(machine().read("root/release.env")).to.not.include("FILES=");
    machine().stack({ APP_FILES: "/app/uploads" });
    expect(machine().run("cut-over.sh", ["app:2"]).status).to.equal(0);
    expect(machine().read("root/release.env")).to.include(
      `\nFILES=${machine().root}/files:/app/uploads\n`,
    );
    expect(at("files prepare app:2")).to.be.lessThan(at(/up .* green/));
  });

  it("gives the files back to the version before when the new one fails, and ends when it cannot have them", () => {
    deployed("app:1");
    machine().script("files.sh", `log "files $*"`);
    machine().write("health", "starting 1\n");
    expect(switchTo("app:2").status).to.equal(1);
    expect(machine().log).to.match(/^files prepare app:2$[^]*^files prepare image of blue$/m);
    machine().script("files.sh", "echo 'error: x' >&2; exit 1");
    expect(switchTo("app:2")).to.deep.equal({ status: 1, stdout: "", stderr: "error: x\n" });
    expect(machine().log).to.not.match(/up .* green/);
    expect(state()).to.deep.equal({ up: ["blue"], serves: "blue\n" });
  });
});
