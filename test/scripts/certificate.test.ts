import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FakeMachine, scripts } from "../support/machine.ts";

const hour = 3_600_000;

describe("The certificate of the app server", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack();
    machine.fake(
      "docker-compose",
      `case "\${*: -3}" in "ps --quiet proxy") echo proxy ;; *) log "\${@:9}" ;; esac`,
    );
    machine.fake(
      "docker",
      `[ "$1 $2 $4" = "logs --since proxy" ] && log "since $(((EPOCHSECONDS - $3 + 30) / 60)) min"
      cat '${machine.home}/proxy.log' >&2`,
    );
    machine.fake("sleep", "log sleep");
    machine.write("proxy.log", "");
  });
  afterEach(() => machine.remove());

  /** What the proxy serves: a certificate that began and ends so many hours from now. */
  const serves = (begin: number, end: number, name = "DNS:app.example", file = "served") => {
    const at = (hours: number) => new Date(Date.now() + hours * hour).toUTCString();
    const lines = [
      ...["issuer=C = US, O = Let's Encrypt, CN = YE1", `notBefore=${at(begin)}`],
      ...[`notAfter=${at(end)}`, "X509v3 Subject Alternative Name: ", `    ${name}`],
    ];
    machine.write(file, `${lines.join("\n")}\n`);
    machine.fake(
      "openssl",
      `case "$*" in
      "s_client -connect 127.0.0.1:443 -servername app.example") ;;
      "x509 -noout -issuer -startdate -enddate -ext subjectAltName")
        if [ "$(grep -c sleep '${machine.home}/log' 2>/dev/null)" = 2 ] && [ -e '${machine.home}/then' ]; then cat '${machine.home}/then'
        else cat '${machine.home}/served'; fi ;;
      *) exit 9 ;;
      esac`,
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
    machine.fake("openssl", "exit 1");
    const { status, stderr } = machine.run("certificate.sh");
    expect(status).to.equal(1);
    expect(stderr).to.match(/^error: the proxy on \S+ serves no certificate at port 443\n/);
    machine.stack({ APP_URL: "http://app.example" });
    expect(machine.run("certificate.sh")).to.deep.equal({ status: 0, stdout: "", stderr: "" });
    expect(machine.run("certificate.sh", ["await"]).stdout).to.equal("");
  });

  it("is looked for without a name where the page has an address", () => {
    serves(-1, 159);
    machine.stack({ APP_URL: "https://198.51.100.7" });
    machine.fake(
      "openssl",
      `if [ "$1" = x509 ]; then cat '${machine.home}/served'; else [ "$*" = "s_client -connect 127.0.0.1:443" ]; fi`,
    );
    expect(state()[0]).to.equal("issued");
  });

  const asked = (minutesAgo: number) => {
    machine.write("root/proxy/asked", "");
    execFileSync("touch", [
      ...["--date", `${minutesAgo} minutes ago`, join(machine.root, "proxy/asked")],
    ]);
  };
  const asks = () => {
    machine.write("log", "");
    expect(machine.run("certificate.sh", ["ask"])).to.deep.equal({
      status: 0,
      stdout: "",
      stderr: "",
    });
    return machine.log.replaceAll(/^since.*\n/gm, "");
  };

  it("is asked for at most every 15 minutes, where the CA has issued none", () => {
    const reload = "exec -T proxy caddy reload --force --config /etc/caddy/Caddyfile\n";
    machine.write("root/proxy/active", "");
    serves(-1, 11, "DNS:self-signed.invalid");
    expect(asks()).to.equal(reload);
    expect(asks(), "at once").to.equal("");
    asked(16);
    expect(asks()).to.equal(reload);
    asked(16);
    serves(-161, -1);
    expect(asks(), "an expired one").to.equal("restart proxy\n");
    for (const [begin, end] of [
      [-1, 159],
      [-121, 39],
    ] as const) {
      asked(16);
      serves(begin, end);
      expect(asks(), "one that is valid").to.equal("");
    }
  });

  for (const why of [
    "no certificate chains",
    'HTTP 400 urn:ietf:params:acme:error:invalidContact - contact email "default" is invalid',
  ])
    it(`is asked for by another account after: ${why}`, () => {
      machine.fake("sudo", '"$@"');
      const account = "root/certificates/caddy/acme/directory/users/default/default.key";
      for (const [begin, end, name] of [
        [-1, 11, "DNS:self-signed.invalid"],
        [-121, 39, "DNS:app.example"],
      ] as const) {
        machine.write(account, "");
        machine.write("root/certificates/caddy/certificates/a.crt", "");
        serves(begin, end, name);
        asked(16);
        logs(refused(why));
        expect(asks()).to.equal("restart proxy\n");
        expect(readdirSync(join(machine.root, "certificates/caddy"))).to.deep.equal([
          "certificates",
        ]);
      }
    });

  it("comes with refusals since the proxy was told to ask, of the last day", () => {
    serves(-1, 11, "DNS:self-signed.invalid");
    for (const [ago, since] of [
      [5, 5],
      [60 * 25, 60 * 24],
    ] as const) {
      asked(ago);
      machine.write("log", "");
      state();
      expect(machine.log).to.equal(`since ${since} min\n`);
    }
  });

  const awaited = () => machine.run("certificate.sh", ["await"]);
  const sleeps = () => machine.log.match(/^sleep/gm)?.length ?? 0;

  it("is awaited", () => {
    asked(1);
    serves(0, 160, "DNS:app.example", "then");
    serves(-1, 11, "DNS:self-signed.invalid");
    const { status, stdout } = awaited();
    expect(status).to.equal(0);
    expect(stdout).to.match(/^YE1 has issued the certificate of https:\/\/app\.example, until /);
    expect(sleeps()).to.equal(2);
  });

  it("is not awaited while it is valid, though it was not renewed", () => {
    serves(-121, 39);
    expect(awaited().stdout).to.match(
      /^note: the certificate of https:\/\/app\.example is valid until \S+, but was not renewed\. No refusal/,
    );
    expect(sleeps()).to.equal(0);
  });

  it("does not end the release when the CA refuses it", () => {
    asked(1);
    serves(-1, 11, "DNS:self-signed.invalid");
    logs(refused("HTTP 403 CAA"));
    const { status, stdout, stderr } = awaited();
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: "" });
    expect(stdout).to.match(
      /^note: browsers warn of https:\/\/app\.example: its certificate is self-signed\. HTTP 403 CAA\n/,
    );
    expect(sleeps()).to.equal(0);
  });

  it("does not end the release when the CA does not answer, or the proxy", () => {
    // A minute by this clock.
    machine.fake("sleep", "log sleep");
    asked(1);
    serves(-1, 11, "DNS:self-signed.invalid");
    machine.script("common.sh", "");
    machine.write(
      "root/bin/common.sh",
      `${readFileSync(join(scripts, "common.sh"), "utf8")}\nSECONDS=0\nsleep() { SECONDS=$((SECONDS + 30)); }\n`,
    );
    expect(awaited().stdout).to.include("The CA has not answered within 60 s.");
    machine.fake("openssl", "exit 1");
    const { status, stdout, stderr } = awaited();
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: "" });
    expect(stdout).to.include("its certificate is missing. The CA has not answered within 60 s.");
  });
});
