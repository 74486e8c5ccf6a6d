import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeMachine } from "../support/machine.ts";

const stored = "s3/s3://https-1/certificates.tar.gz";

describe("The store of certificates", () => {
  let machine: FakeMachine;
  /** Two certificates with their keys: of.crt, of.key, other.crt, other.key. */
  const keys = mkdtempSync(join(tmpdir(), "keys-"));
  before(() => {
    for (const name of ["of", "other"])
      execFileSync(
        "openssl",
        [
          "req",
          "-x509",
          "-newkey",
          "ec",
          "-pkeyopt",
          "ec_paramgen_curve:prime256v1",
          "-nodes",
        ].concat([
          "-subj",
          "/CN=x",
          "-keyout",
          join(keys, `${name}.key`),
          "-out",
          join(keys, `${name}.crt`),
        ]),
        { stdio: "ignore" },
      );
  });
  after(() => rmSync(keys, { recursive: true }));
  beforeEach(() => {
    machine = newMachine();
    certificate("of");
    machine.write("root/certificates/caddy/acme/account.json", "{}");
    machine.write("root/certificates/caddy/pki/authorities/local/root.key", "of this machine");
  });
  afterEach(() => machine.remove());

  function newMachine(): FakeMachine {
    const made = new FakeMachine();
    made.stack({ CERTIFICATE_BUCKET: "https-1" });
    made.s3();
    made.fake("sudo", 'exec "$@"');
    return made;
  }
  /** Has the proxy write this certificate, with this key. */
  const certificate = (name: string, key = name) => {
    const site = "root/certificates/caddy/certificates/ca/site/site";
    machine.write(`${site}.crt`, readFileSync(join(keys, `${name}.crt`), "utf8"));
    machine.write(`${site}.key`, readFileSync(join(keys, `${key}.key`), "utf8"));
  };
  const run = (what: string, on = machine) => on.run("certificate-store.sh", [what]);
  const well = (stdout = "") => ({ status: 0, stdout, stderr: "" });
  const uploads = () => machine.log.match(/^aws s3 cp/gm)?.length ?? 0;
  /** A machine in the place of the other one, with the same buckets. */
  const replaced = (content: string) => {
    const next = newMachine();
    mkdirSync(join(next.home, "s3/s3:"), { recursive: true });
    execFileSync("cp", ["-r", join(machine.home, content), join(next.home, "s3/s3:/https-1")]);
    return next;
  };

  it("gets a copy when the certificates have changed, and only then", () => {
    expect(run("save")).to.deep.equal(well());
    expect(machine.exists(stored)).to.equal(true);
    expect(run("save")).to.deep.equal(well());
    expect(uploads()).to.equal(1);
    certificate("other");
    run("save");
    expect(uploads()).to.equal(2);
    machine.stack({ CERTIFICATE_BUCKET: "https-2" });
    run("save");
    expect(uploads(), "to another bucket").to.equal(3);
  });

  it("gives the certificates and the account to a new machine, not the machine's own CA", () => {
    run("save");
    const next = replaced("s3/s3:/https-1");
    expect(run("load", next)).to.deep.equal(
      well("the certificates of the machine before are here again\n"),
    );
    const caddy = "root/certificates/caddy";
    expect(next.read(`${caddy}/certificates/ca/site/site.key`)).to.equal(
      readFileSync(join(keys, "of.key"), "utf8"),
    );
    expect(next.read(`${caddy}/acme/account.json`)).to.equal("{}");
    expect(next.exists(`${caddy}/pki`)).to.equal(false);
    expect(run("load", next), "a machine that has certificates").to.deep.equal(well());
    next.remove();
  });

  it("gets no copy while a certificate and its key do not fit, or before there is one", () => {
    certificate("of", "other");
    expect(run("save")).to.deep.equal(well());
    rmSync(join(machine.root, "certificates/caddy/certificates/ca"), { recursive: true });
    expect(run("save")).to.deep.equal(well());
    rmSync(join(machine.root, "certificates"), { recursive: true });
    expect(run("save")).to.deep.equal(well());
    expect(machine.exists("log")).to.equal(false);
  });

  it("reports that a copy is not written, and tries again the next time", () => {
    machine.write("refused", "certificates\n");
    const { status, stderr } = run("save");
    expect(status).to.equal(1);
    expect(stderr).to.match(/^error: the certificate was not copied to s3:\/\/https-1\/cert/);
    expect(stderr).to.include(
      "\nremedy: check the policy of the machine's role: pulumi up --refresh",
    );
    rmSync(join(machine.home, "refused"));
    run("save");
    expect(machine.exists(stored)).to.equal(true);
  });

  it("gives a new machine nothing that is damaged, refused or not there, and the release goes on", () => {
    rmSync(join(machine.root, "certificates"), { recursive: true });
    machine.fake(
      "aws",
      'echo "An error occurred (404) when calling HeadObject: Not Found" >&2; exit 1',
    );
    expect(run("load")).to.deep.equal(well());
    machine.fake("aws", "echo AccessDenied >&2; exit 1");
    expect(run("load").stdout).to.match(
      /^note: the certificates in s3:\S+ cannot be read: AccessD/,
    );
    machine.fake("aws", 'echo no archive >"${*: -1}"');
    expect(run("load")).to.deep.equal(
      well(
        "note: the certificates in s3://https-1/certificates.tar.gz are damaged; the CA is asked for new ones\n",
      ),
    );
    expect(machine.exists("root/certificates")).to.equal(false);
  });

  it("is not used without HTTPS", () => {
    machine.stack({ APP_URL: "http://app.example" });
    expect(run("save")).to.deep.equal(well());
    expect(run("load")).to.deep.equal(well());
    expect(machine.exists("log")).to.equal(false);
  });
});

describe("The care for the certificate, each 5 minutes", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack();
    machine.fake("docker-compose", 'log "${@:9}"');
    machine.fake("logger", 'log "logger $*"');
    machine.script("publish-status.sh", "log published");
    machine.script("certificate-store.sh", 'log "store $*"');
    machine.write("root/proxy/Caddyfile", "");
  });
  afterEach(() => machine.remove());

  const tend = (state: string) => {
    machine.script("certificate.sh", `printf '${state}\\t2026-01-03\\tCA\\tHTTP 429\\n'`);
    machine.write("log", "");
    const outcome = machine.run("schedule.sh", ["certificate"]);
    expect(outcome).to.deep.equal({ status: 0, stdout: "", stderr: "" });
    return machine.log;
  };
  const warned = (state: string) =>
    `logger --tag flask-on-aws --priority user.warning the certificate of https://app.example is ${state}, until 2026-01-03: HTTP 429\n`;

  it("tells the site of a change, and the machine's log of each certificate that is not renewed", () => {
    expect(tend("issued")).to.equal("store save\npublished\n");
    expect(tend("issued")).to.equal("store save\n");
    expect(tend("late")).to.equal(`store save\n${warned("late")}published\n`);
    expect(tend("late")).to.equal(`store save\n${warned("late")}`);
  });

  it("goes on when the copy fails", () => {
    machine.script("certificate-store.sh", "exit 1");
    expect(tend("late")).to.include(warned("late"));
  });

  it("has the proxy ask the CA again after an hour without a certificate", () => {
    const reload = "exec -T proxy caddy reload --force --config /etc/caddy/Caddyfile\n";
    expect(tend("self-signed")).to.not.include(reload);
    execFileSync("touch", ["--date", "1 hour ago", join(machine.root, "proxy/Caddyfile")]);
    expect(tend("self-signed")).to.include(reload);
    expect(tend("self-signed"), "once an hour").to.not.include(reload);
    execFileSync("touch", ["--date", "1 hour ago", join(machine.root, "proxy/Caddyfile")]);
    expect(tend("late"), "the proxy renews by itself").to.not.include(reload);
  });
});
