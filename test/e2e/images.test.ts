import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { run, succeed } from "../../lab/support/lab.ts";

/** Runs a docker command and resolves to its output on both streams; rejects with that output if it fails. */
async function docker(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await run("docker", args);
  if (status !== 0) throw new Error(`docker ${args.join(" ")}: ${stdout}${stderr}`);
  return (stdout + stderr).trim();
}
const image = async (name: string) => (await succeed("lab/images/name", [name])).trim();

/** Checks twice a second until it is so; throws after 90 s, with the container's log. */
async function until(what: string, container: string, isSo: () => Promise<boolean>): Promise<void> {
  for (let asked = 0; asked < 180; asked++) {
    if (await isSo()) return;
    await sleep(500);
  }
  throw new Error(`${what}: not within 90 s; ${container}: ${await docker("logs", container)}`);
}

describe("The lab's images", function () {
  this.timeout(300_000);

  let work: string;
  const started: string[] = [];

  /** Starts a container that is removed after the tests, with its volumes. */
  async function start(...args: string[]): Promise<string> {
    const id = await docker(
      "run",
      "--detach",
      "--label",
      `flask-on-aws.lab=${process.env.LAB_HOME}`,
      ...args,
    );
    started.push(id);
    return id;
  }

  before(async function () {
    this.timeout(900_000);
    work = await mkdtemp(join(tmpdir(), "images-"));
    await succeed("lab/images/build", []);
  });

  after(async () => {
    if (started.length > 0) await docker("rm", "--force", "--volumes", ...started);
    await rm(work, { recursive: true });
  });

  it("are built only once", async () => {
    expect(await succeed("lab/images/build", [])).to.equal("");
  });

  it("have a label", async () => {
    for (const name of ["debian", "machine", "net", "mysql", "python", "caddy", "valkey"]) {
      const format = '{{index .Config.Labels "flask-on-aws.image"}}';
      expect(
        await docker("image", "inspect", "--format", format, await image(name)),
        name,
      ).to.equal("1");
    }
  });

  it("cause an error with a remedy when one was never built", async () => {
    const { status, stderr } = await run("lab/images/name", ["moon"]);
    expect(status).to.equal(1);
    expect(stderr).to.match(/image moon .*\n.*lab\/images\/build/);
  });

  it("include Python 3.11, whose pip installs packages with the host's certificates", async () => {
    const script = "python --version && pip install --no-deps itsdangerous && pip config list";
    const text = await docker(
      "run",
      "--rm",
      "--network=host",
      await image("python"),
      "sh",
      "-c",
      script,
    );
    expect(text)
      .to.match(/Python 3\.11\./)
      .and.match(/Successfully installed itsdangerous/)
      .and.include("global.cert='/etc/ssl/certs/ca-certificates.crt'");
  });

  it("include a Caddy that reads /etc/caddy/Caddyfile and logs to its container", async () => {
    const conf = join(work, "caddy");
    await mkdir(conf);
    await chmod(conf, 0o755);
    await writeFile(join(conf, "Caddyfile"), ':8080 {\n\tlog\n\trespond "mine"\n}\n');
    const id = await start("--volume", `${conf}:/etc/caddy:ro`, await image("caddy"));
    const answer = await docker(
      ...["run", "--rm", "--network", `container:${id}`, await image("net"), "curl", "--silent"],
      ...["--retry", "20", "--retry-connrefused", "http://127.0.0.1:8080/"],
    );
    expect(answer).to.equal("mine");
    expect(await docker("logs", id)).to.match(/"uri":"\/".*"status":200/);
  });

  it("are in the instances' registry under the names that the instances request", async () => {
    const stored = `${process.env.LAB_CACHE}/registry/docker/registry/v2/repositories`;
    for (const name of [
      "library/python/_manifests/tags/3.11-slim-bookworm",
      "library/caddy/_manifests/tags/2.11",
      "valkey/valkey/_manifests/tags/8.1-alpine",
    ])
      expect(await readFile(`${stored}/${name}/current/link`, "utf8")).to.match(/^sha256:/);
  });

  describe("include a MySQL that", () => {
    // Characters that RDS allows, and that a shell or SQL could misread.
    const password = "a'b\\c#$`1;!%~";
    let id: string;

    /** Runs SQL as the master user over TCP, in a container beside the server's. */
    async function sql(statements: string, ...options: string[]) {
      const flags = ["--host=127.0.0.1", "--user=admin", "--batch", "--skip-column-names"];
      const { status, stdout, stderr } = await run("docker", [
        ...["run", "--rm", "--network", `container:${id}`, "--volume", `${work}/tls:/tls:ro`],
        ...["--env", `MYSQL_PWD=${password}`, "--entrypoint", "mysql", await image("mysql")],
        ...[...flags, ...options, "--execute", statements],
      ]);
      return { status, text: stdout + stderr };
    }
    const tls = ["--ssl-ca=/tls/ca.crt", "--ssl-mode=VERIFY_CA"];
    const ready = () =>
      until("MySQL is ready", id, async () => {
        return (await run("docker", ["exec", id, "mysqladmin", "--silent", "ping"])).status === 0;
      });

    before(async () => {
      const settings = join(work, "settings");
      await mkdir(settings);
      await mkdir(join(work, "tls"));
      const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "pipe" });
      const key = ["-newkey", "rsa:2048", "-nodes", "-keyout"];
      for (const ca of ["ca", "other"]) {
        const files = [`${work}/${ca}.key`, "-out", `${work}/tls/${ca}.crt`];
        openssl("req", "-x509", ...key, ...files, "-subj", `/CN=${ca}`, "-days", "2");
      }
      const request = join(work, "server.csr");
      openssl("req", ...key, `${settings}/server.key`, "-out", request, "-subj", "/CN=database");
      const signer = ["-CA", `${work}/tls/ca.crt`, "-CAkey", `${work}/ca.key`, "-CAcreateserial"];
      openssl(
        "x509",
        "-req",
        "-in",
        request,
        ...signer,
        "-days",
        "2",
        "-out",
        `${settings}/server.crt`,
      );
      const values = {
        user: "admin",
        password,
        database: "appdb",
        port: "3306",
        "parameters.cnf": "max_connections=66\nno_longer_there=1\n",
        "ca.crt": await readFile(`${work}/tls/ca.crt`),
      };
      for (const [name, value] of Object.entries(values))
        await writeFile(join(settings, name), value, { mode: 0o600 });
      id = await start(
        "--volume",
        `${settings}:/run/settings:ro`,
        "--memory=1g",
        await image("mysql"),
      );
      await ready();
    });

    it("is not MariaDB, and uses the values of the parameter group", async () => {
      const { text } = await sql("SELECT @@version, @@version_comment, @@max_connections", ...tls);
      expect(text)
        .to.match(/^(8|9)\.\d+\.\d+/)
        .and.match(/\t66\n$/)
        .and.not.match(/maria/i);
    });

    it("refuses a connection without TLS, and has a certificate of its own CA", async () => {
      expect((await sql("SELECT 1", "--ssl-mode=DISABLED")).status).to.equal(1);
      const other = await sql("SELECT 1", "--ssl-ca=/tls/other.crt", "--ssl-mode=VERIFY_CA");
      expect(other.status).to.equal(1);
      expect(other.text).to.include("certificate verify failed");
    });

    it("gives the master user the privileges of RDS, without SUPER and FILE", async () => {
      const { text } = await sql("SHOW GRANTS", ...tls);
      expect(text)
        .to.match(/CREATE USER.* WITH GRANT OPTION/)
        .and.include("ROLE_ADMIN")
        .and.not.match(/SUPER|FILE|SHUTDOWN/);
    });

    it("keeps its rows after a restart", async () => {
      await sql("CREATE TABLE appdb.t (n INT); INSERT INTO appdb.t VALUES (7)", ...tls);
      await docker("restart", id);
      await ready();
      expect((await sql("SELECT n FROM appdb.t", ...tls)).text).to.equal("7\n");
    });

    it("hides its master password from docker inspect, logs and process arguments", async () => {
      const seen = await docker("inspect", id);
      const log = await docker("logs", id);
      const argv = await docker("exec", id, "cat", "/proc/1/cmdline");
      expect(seen + log + argv).not.to.include("a'b");
      expect(
        (await run("docker", ["exec", id, "ls", "/run/mysqld/first.sql"])).status,
      ).not.to.equal(0);
    });
  });
});
