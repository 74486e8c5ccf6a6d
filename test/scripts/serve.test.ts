import { expect } from "chai";
import { Machine } from "./machine.ts";

describe("Waiting, starting and verifying", () => {
  let machine: Machine;
  beforeEach(() => {
    machine = new Machine();
    machine.fake("sg", `[ "$1 $2" = "docker -c" ] && log sg && bash -c "$3"`);
  });
  afterEach(() => machine.remove());

  const tools = ["docker", "docker-compose", "mysql", "curl"];
  for (const [status, meaning] of [
    [0, "is done"],
    [2, "is done with warnings"],
  ] as const) {
    it(`goes on when the first boot ${meaning}`, () => {
      for (const tool of tools) machine.fake(tool, ":");
      machine.fake("cloud-init", `exit ${status}`);
      const outcome = machine.run("wait-for-cloud-init.sh");
      expect(outcome.status, outcome.stderr).to.equal(0);
      expect(machine.log, "the session is older than its user's membership").to.equal("sg\n");
    });
  }

  it("shows what the first boot says when it failed", () => {
    machine.fake("cloud-init", `[ "$2" = --long ] && echo "detail: no such package"; exit 1`);
    machine.fake("tail", ":");
    const { status, stderr } = machine.run("wait-for-cloud-init.sh");
    expect(status).to.equal(1);
    expect(stderr).to.match(/^error: the first boot of \S+ ended with errors/m);
    expect(stderr)
      .to.include("detail: no such package")
      .and.match(/^remedy: .*replace the machine/m);
  });

  it("says that the login user may not use Docker", () => {
    for (const tool of tools) machine.fake(tool, ":");
    machine.fake("cloud-init", ":");
    machine.fake("docker", "exit 1");
    const { status, stderr } = machine.run("wait-for-cloud-init.sh");
    expect(status).to.equal(1);
    expect(stderr).to.match(/^error: \S+ on \S+ cannot use Docker/m);
  });

  it("starts the image behind nginx and has nginx read its configuration again", () => {
    machine.fake("docker-compose", `log "\${@:7}"`);
    const outcome = machine.run("start.sh", ["app:1", "nginx:stable"]);
    expect(outcome.status, outcome.stderr).to.equal(0);
    expect(machine.log.trim().split("\n")).to.deep.equal([
      "up --detach --quiet-pull --wait --wait-timeout 120",
      "exec -T nginx nginx -t -q",
      "exec -T nginx nginx -s reload",
    ]);
    expect(machine.read("root/release.env")).to.equal(
      `ROOT=${machine.root}\nAPP_IMAGE=app:1\nNGINX_IMAGE=nginx:stable\n`,
    );
    expect(machine.read("root/nginx/app.conf")).to.include("listen 5085;");
  });

  it("shows the app's last lines when it does not become healthy", () => {
    machine.fake("docker-compose", `[ "$7" = up ] && exit 1; log "\${@:7}"; echo "ImportError"`);
    const { status, stderr } = machine.run("start.sh", ["app:1", "nginx:stable"]);
    expect(status).to.equal(1);
    expect(stderr).to.include("ImportError\nerror: the app did not become healthy");
    expect(machine.log).to.equal("logs --tail 30 app\n");
  });

  const verify = (answers: { page?: string; tables?: string; host?: string } = {}) => {
    const { page = "200", tables = "alembic_version\nusers", host = "db.example" } = answers;
    machine.fake("curl", `printf %s ${page}`);
    machine.fake("mysql", `printf '%s\\n' '${tables}'`);
    machine.fake("docker-compose", `[ "$7" = exec ] && echo ${host} || echo container`);
    machine.fake("docker", `[ "$1 \${@: -1}" = "inspect container" ] && echo c0ffee`);
    return machine.run("verify.sh", ["db.example"]);
  };

  it("prints the commit that is served", () => {
    expect(verify()).to.deep.equal({ status: 0, stdout: "c0ffee\n", stderr: "" });
  });

  it("is not content with a page that is not there", () => {
    const { status, stderr } = verify({ page: "502" });
    expect(status).to.equal(1);
    expect(stderr).to.include(
      "error: http://127.0.0.1:5085/login answers with status 502, not 200",
    );
  });

  for (const table of ["users", "alembic_version"]) {
    it(`is not content with a database without ${table}`, () => {
      const tables = ["alembic_version", "users", "my_users"].filter((name) => name !== table);
      const { status, stderr } = verify({ tables: tables.join("\n") });
      expect(status).to.equal(1);
      expect(stderr).to.include(`error: the database at db.example has no table ${table}, only: `);
    });
  }

  it("is not content with an app whose data is elsewhere", () => {
    const { status, stderr } = verify({ host: "None" });
    expect(status).to.equal(1);
    expect(stderr).to.include("error: the app's data is at None, not at db.example");
  });
});
