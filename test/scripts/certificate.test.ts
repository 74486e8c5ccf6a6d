import { expect } from "chai";
import { FakeMachine } from "../support/machine.ts";

const hour = 3_600_000;

describe("The certificate of the app server", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack();
    machine.fake("docker-compose", `[ "\${*: -3}" = "ps --quiet proxy" ] && echo proxy`);
    machine.fake(
      "docker",
      `[ "$*" = "logs --since 24h proxy" ] && cat '${machine.home}/proxy.log' >&2`,
    );
    machine.fake("sleep", "log sleep");
    machine.write("proxy.log", "");
  });
  afterEach(() => machine.remove());

  /** What the proxy serves: a certificate that began and ends so many hours from now. */
  const serves = (begin: number, end: number, name = "DNS:app.example", from = "curl") => {
    const at = (hours: number) => new Date(Date.now() + hours * hour).toUTCString();
    const lines = [
      ...["Subject:", "Issuer:C = US, O = Let's Encrypt, CN = YE1", `Start date:${at(begin)}`],
      ...[`Expire date:${at(end)}`, `X509v3 Subject Alternative Name:${name}`],
      "-----END CERTIFICATE-----",
      ...["Issuer:CN = Root", `Start date:${at(-9)}`, `Expire date:${at(99_999)}`],
    ];
    machine.write(from, `${lines.join("\n")}\n`);
    machine.fake(
      "curl",
      `[ "\${*: -1}" = https://app.example/login ]
      case "$*" in *" --insecure --connect-to ::127.0.0.1: "*%{certs}*) ;; *) exit 9 ;; esac
      if [ "$(grep -c sleep '${machine.home}/log' 2>/dev/null)" = 2 ] && [ -e '${machine.home}/then' ]; then cat '${machine.home}/then'
      else cat '${machine.home}/curl'; fi`,
    );
  };
  const logs = (...entries: [event: string, details: object][]) => {
    const lines = entries.map(
      ([event, details]) =>
        `2026/11/26 20:23:42.509\tERROR\t${event}\t${JSON.stringify(details)}\n`,
    );
    machine.write("proxy.log", lines.join(""));
  };
  const refused = (error: string) =>
    ["tls.obtain\tcould not get certificate from issuer", { identifier: "app.example", error }] as [
      string,
      object,
    ];
  const state = () => {
    const { status, stdout, stderr } = machine.run("certificate.sh");
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: "" });
    return stdout.replace(/\n$/, "").split("\t");
  };

  it("is issued until its last quarter, then late, then expired", () => {
    for (const [begin, end, expected] of [
      [-1, 159, "issued"],
      [-119, 41, "issued"],
      [-121, 39, "late"],
      [-161, -1, "expired"],
    ] as const) {
      serves(begin, end);
      const [found, until, issuer, refusal] = state();
      expect([found, issuer, refusal], `${begin} to ${end}`).to.deep.equal([expected, "YE1", ""]);
      expect(Date.parse(until!) - Date.now()).to.be.closeTo(end * hour, 60_000);
    }
  });

  it("is self-signed before the CA has issued one", () => {
    serves(-1, 11, "DNS:self-signed.invalid");
    expect(state()[0]).to.equal("self-signed");
  });

  it("comes with what the CA said last, unless that was a certificate", () => {
    serves(-121, 39);
    logs(refused("first"), refused('HTTP 429 "too\tmany"'));
    expect(state()[3]).to.equal('HTTP 429 "too\\tmany"');
    const renewed = { identifier: "app.example" };
    logs(refused("first"), ["tls.renew\tcertificate renewed successfully", renewed]);
    expect(state()[3]).to.equal("");
    const [event, details] = refused("of the domain before");
    logs([event, { ...details, identifier: "other.example" }]);
    expect(state()[3]).to.equal("");
  });

  it("is nothing without HTTPS, and an error when the proxy does not answer", () => {
    machine.fake("curl", "exit 7");
    const { status, stderr } = machine.run("certificate.sh");
    expect(status).to.equal(1);
    expect(stderr).to.match(/^error: the proxy on \S+ serves no certificate at port 443\n/);
    machine.stack({ APP_URL: "http://app.example" });
    expect(machine.run("certificate.sh")).to.deep.equal({ status: 0, stdout: "", stderr: "" });
    expect(machine.run("certificate.sh", ["await"]).stdout).to.equal("");
  });

  it("is awaited", () => {
    serves(0, 160, "DNS:app.example", "then");
    serves(-1, 11, "DNS:self-signed.invalid");
    const { status, stdout } = machine.run("certificate.sh", ["await"]);
    expect(status).to.equal(0);
    expect(stdout).to.match(/^YE1 has issued the certificate of https:\/\/app\.example, until /);
    expect(machine.log).to.equal("sleep\nsleep\n");
  });

  it("does not end the release when the CA refuses it, or does not answer", () => {
    serves(-1, 11, "DNS:self-signed.invalid");
    logs(refused("HTTP 403 CAA"));
    expect(machine.run("certificate.sh", ["await"])).to.deep.include({ status: 0, stderr: "" });
    const { stdout } = machine.run("certificate.sh", ["await"]);
    expect(stdout).to.match(
      /^note: browsers warn of https:\/\/app\.example: its certificate is self-signed\. HTTP 403 CAA\n/,
    );
    expect(machine.exists("log")).to.equal(false);
    logs();
    expect(machine.run("certificate.sh", ["await"]).stdout).to.include(
      "The CA has not answered within 60 s.",
    );
    expect(machine.log).to.equal("sleep\n".repeat(60));
  });
});
