import { expect } from "chai";
import { cutOverMachine } from "../support/cut-over-machine.ts";

const dockerfile = "docker/Dockerfile";

describe("The cut-over to an image of the app's own Dockerfile", () => {
  const { machine, describesApp, switchTo, state, at, deployed } = cutOverMachine();
  const describesOwn = (changed: Record<string, string> = {}) =>
    describesApp({ dockerfile, port: "8000", module: "", ...changed });
  const ownPort = () => machine().read("root/proxy/own-port").trim();

  it("asks at its port, and gives it the port and no options of gunicorn", () => {
    describesOwn();
    deployed("app:1");
    expect(at("page 172.18.0.9:8000 /login 200")).to.be.lessThan(at("gate blue 8000 /login 200"));
    expect(machine().read("root/blue.env")).to.equal("PORT=8000\nFORWARDED_ALLOW_IPS=*\n");
    expect(ownPort()).to.equal("8000");
    describesOwn({ module: "shop:app" });
    deployed("app:2");
    expect(machine().read("root/green.env")).to.match(/^FLASK_APP=shop:app\nPORT=8000\n/);
  });

  it("has the proxy load a configuration that knows such images before it sends a request", () => {
    deployed("app:1");
    machine().write("root/proxy/Caddyfile", "old");
    describesOwn();
    machine().fake("mv", `log "mv \${*: -1}"; command -p mv "$@"`);
    deployed("app:2");
    expect(at("exec -T proxy caddy reload")).to.be.lessThan(at(/mv .*proxy\/active$/));
    expect(at(/mv .*proxy\/own-port$/)).to.be.lessThan(at(/mv .*proxy\/active$/));
  });

  it("returns to port 5005 and the PROXY protocol with the next image of the project's own", () => {
    describesOwn();
    deployed("app:1");
    describesApp({});
    deployed("app:2");
    expect(ownPort()).to.equal("");
    expect(machine().read("root/green.env")).to.include("GUNICORN_CMD_ARGS=--proxy-protocol");
    expect(switchTo("app:1", "caddy:2", "rollback").status).to.equal(0);
    expect(ownPort()).to.equal("8000");
    expect(machine().log).to.include("page 172.18.0.9:8000 /login 200");
    expect(machine().read("root/blue.env")).to.include("PORT=8000\n");
  });

  it("ends the PROXY protocol last when the project's own image follows", () => {
    describesOwn({ port: "5005" });
    deployed("app:1");
    describesApp({});
    machine().fake("mv", `log "mv $(cat "$1" 2>&1) \${*: -1}"; command -p mv "$@"`);
    deployed("app:2");
    expect(at(/mv green \S+proxy\/active$/)).to.be.lessThan(at(/mv {2}\S+proxy\/own-port$/));
  });

  it("corrects the port that an interrupted release has left", () => {
    describesOwn();
    deployed("app:1");
    machine().write("root/proxy/own-port", "\n");
    machine().write("broken", "up green\n");
    expect(switchTo("app:2").status).to.equal(1);
    expect(ownPort()).to.equal("8000");
  });

  it("looks for requests over IPv6, too", () => {
    describesOwn();
    deployed("app:1");
    machine().write("container/net/tcp6", "   0: 0:1F40 1:C35A 01 00000000:00000000\n");
    deployed("app:2");
    expect(machine().log.match(/sleep 0\.2/g)).to.have.length(150);
  });

  it("looks for requests of the old version at its own port", () => {
    describesOwn();
    deployed("app:1");
    machine().write("port", "1F40\n");
    machine().write("busy", "3\n");
    describesApp({});
    deployed("app:2");
    expect(machine().log.match(/sleep 0\.2/g)).to.have.length(3);
  });

  it("names port and setting when nothing listens there, and keeps the old version", () => {
    deployed("app:1");
    describesOwn();
    machine().write("health", "starting 0\nno answer: Failed to connect\n");
    const { status, stderr } = switchTo("app:2");
    expect(status).to.equal(1);
    expect(stderr).to.match(
      /^error: the app does not answer GET \/login at port 8000 90 s after the start: no answer: Failed to connect\.\n/,
    );
    expect(stderr).to.include(
      "\n        or have it listen at 0.0.0.0, port 8000, which is in the variable PORT;\n" +
        "        or set appPort to the port at which it listens\n",
    );
    expect(state()).to.deep.equal({ up: ["blue"], serves: "blue\n" });
    expect(ownPort()).to.equal("");
  });

  it("gives the proxy the old version's port again when the page is not served", () => {
    describesOwn();
    deployed("app:1");
    describesOwn({ port: "9000" });
    machine().fake("curl", "printf 502");
    expect(switchTo("app:2").status).to.equal(1);
    expect(state()).to.deep.equal({ up: ["blue"], serves: "blue\n" });
    expect(ownPort()).to.equal("8000");
  });
});
