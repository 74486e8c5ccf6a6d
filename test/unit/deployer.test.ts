import { expect } from "chai";
import { readdirSync } from "node:fs";
import { faults } from "../../lab/experiments/faults/faults.ts";
import { scripts } from "../support/machine.ts";
import { program, upstream, type Program } from "./program.ts";

describe("The release", function () {
  this.timeout(60_000); // a test runs the whole program up to nine times
  const remote = "command:remote:Command";
  const key = (step: string) => `${remote} flask-on-aws-dev-release-${step}`;
  let built: Program;
  const stepNames = (of = built) =>
    of.all(remote).map(({ name }) => name.replace("flask-on-aws-dev-release-", ""));
  const step = (name: string, of = built) => of.one(remote, `release-${name}`);
  const triggers = (name: string, of = built) => step(name, of).inputs.triggers.join(" ");
  before(async () => {
    built = await program();
  });

  it("runs every step after the steps that it depends on", () => {
    const before = upstream(built, key("lock-old-user"));
    const others = stepNames().filter((name) => !before.has(key(name)));
    expect(others).to.have.members(["schedule", "lock-old-user"]);
    for (const [earlier, later] of [
      ["install", "wait-for-cloud-init"],
      ["wait-for-cloud-init", "fetch"],
      ["fetch", "build"],
      ["build", "deploy"],
      ["prepare-database", "deploy"],
      ["write-app.env", "deploy"],
      ["write-stack.env", "deploy"],
      ["deploy", "schedule"],
      ["deploy", "lock-old-user"],
    ] as const) {
      expect(upstream(built, key(later)), `${earlier} before ${later}`).to.include(key(earlier));
    }
  });

  it("builds the image without waiting for the database, and deploys after it", () => {
    const database = "aws:rds/instance:Instance flask-on-aws-dev-database";
    expect(upstream(built, key("build"))).to.not.include(database);
    expect(upstream(built, key("deploy"))).to.include(database);
  });

  it("waits until the Elastic IP is associated with the app server", () => {
    const association = "aws:ec2/eipAssociation:EipAssociation flask-on-aws-dev-app";
    expect(step("install").dependencies).to.include(association);
  });

  it("checks the host key, retries the connection and passes no earlier output to a step", () => {
    for (const { name, inputs, secretInputs } of built.all(remote)) {
      expect(inputs.connection, name).to.include({
        host: "198.18.0.64",
        user: "admin",
        hostKey: "ssh-ed25519 PUBLIC+flask-on-aws-dev-app-own-host-key-activate",
        privateKey: "-----BEGIN KEY-----\nflask-on-aws-dev-admin-key\n-----END KEY-----\n",
        dialErrorLimit: 60,
      });
      expect(secretInputs, name).to.include("connection");
      expect(inputs.addPreviousOutputInEnv, name).to.equal(false);
      expect(inputs, "the SSH session's environment").to.not.have.any.keys("environment", "delete");
    }
  });

  it("quotes the arguments of its scripts for the shell", () => {
    const commit = "5f0ffe77e5ea794edfffbb18a196a01f9918b075";
    const repository = "https://github.com/Buddha23-RGB/flask-datta-able.git";
    const command = (name: string) => step(name).inputs.create;
    const bin = "/opt/flask-on-aws/bin";
    const image = /'(flask-on-aws-app:5f0ffe77e5ea-[0-9a-f]{12})'/.exec(command("deploy"))?.[1];
    expect(command("fetch")).to.equal(`${bin}/fetch.sh '${repository}' '${commit}' '' ''`);
    expect(command("build")).to.equal(
      `${bin}/run-detached.sh build build.sh '${commit}' '${image}' 'python:3.11-slim-bookworm' '' '' ''`,
    );
    expect(command("deploy")).to.equal(
      `${bin}/run-detached.sh deploy deploy-lock.sh deploy.sh '${image}'`,
    );
    expect(command("prepare-database")).to.equal(
      `${bin}/prepare-database.sh 'us-west-2' 'db.example' '3306' 'dbadmin' 'appdb' 'app_a'`,
    );
    expect(command("lock-old-user")).to.equal(
      `${bin}/lock-old-user.sh 'db.example' '3306' 'dbadmin' 'app_b'`,
    );
  });

  it("sends secrets only by standard input, and does not log those steps", () => {
    const password = "secret-of-flask-on-aws-dev-release-database-password";
    const master = "secret-of-flask-on-aws-dev-database-master-password";
    expect(step("prepare-database").inputs.stdin).to.equal(`${master}\n${password}\n`);
    expect(step("write-app.env").inputs.stdin).to.include(`\nDB_PASS=${password}\n`);
    expect(step("lock-old-user").inputs.stdin).to.equal(`${master}\n`);
    for (const name of ["prepare-database", "write-app.env", "lock-old-user"]) {
      expect(step(name).secretInputs, name).to.include("stdin");
      expect(step(name).inputs.logging, name).to.equal("none");
      expect(step(name).secretOutputs, name).to.include.members(["stdout", "stderr"]);
    }
    for (const { name, inputs } of built.all(remote)) {
      const rest = { ...inputs, stdin: undefined, connection: undefined };
      expect(JSON.stringify(rest), name).to.not.include("secret-of-");
    }
  });

  it("sends the app's own variables and secrets in the app's settings file alone", async () => {
    const settings = { appEnvironment: { MODE: "a b" }, appSecrets: { API_KEY: "open sesame" } };
    const own = await program(settings);
    const { inputs, secretInputs } = step("write-app.env", own);
    expect(inputs.stdin).to.match(/^# secrets: API_KEY\n/);
    expect(inputs.stdin).to.include('\nMODE="a b"\n').and.include('\nAPI_KEY="open sesame"\n');
    expect(secretInputs).to.include("stdin");
    for (const { name, inputs: others } of own.resources) {
      if (name.endsWith("write-app.env")) continue;
      expect(JSON.stringify(others), name).to.not.match(/API_KEY|open sesame/);
    }
    expect(JSON.stringify(own.outputs)).to.not.include("open sesame");
  });

  it("installs every script on the app server", () => {
    const { create, stdin } = step("install").inputs;
    expect(create).to.equal("bash -s");
    for (const name of readdirSync(scripts)) {
      expect(stdin).to.include(`\nmv '${name}'.new '${name}'`);
    }
  });

  it("is killed at each of its steps by a fault of the lab", async () => {
    const killed = faults.filter(({ name }) => name.startsWith("killed-at-"));
    const withTasks = { appTasks: 2, domain: "app.example.com", dnsZone: "none" };
    const steps = stepNames(await program(withTasks));
    expect(killed.map(({ name }) => name)).to.have.members(
      steps.map((name) => `killed-at-${name}`),
    );
  });

  it("runs every step again on a new app server", () => {
    for (const name of stepNames()) {
      expect(triggers(name), name).to.include("flask-on-aws-dev-app-machine-id");
    }
  });

  it("runs only the steps that a change affects", async () => {
    const changed = async (settings: Record<string, unknown>) => {
      const other = await program(settings);
      const inputs = (name: string, of = built) => JSON.stringify(step(name, of).inputs);
      const names = stepNames().filter((name) => inputs(name, other) !== inputs(name));
      return names.toSorted().join(" ");
    };
    expect(await changed({})).to.equal("");
    expect(await changed({ instanceType: "t3.small" })).to.equal("");
    expect(await changed({ appCommit: "0".repeat(40) })).to.equal("build deploy fetch");
    expect(await changed({ baseImage: "python:3.12-slim" })).to.equal("build deploy");
    expect(await changed({ pipIndexUrl: "https://pip.example" })).to.equal("build");
    expect(await changed({ proxyImage: "caddy:2.10" })).to.equal("deploy write-stack.env");
    expect(await changed({ uploadLimit: 5 })).to.equal("deploy write-stack.env");
    expect(await changed({ appModule: "wsgi:app" })).to.equal("deploy fetch write-stack.env");
    const described = {
      ...{ appHealthPath: "/up", appHealthStatus: 204, appMigrations: "none", appFiles: "/data" },
    };
    for (const [name, value] of Object.entries(described))
      expect(await changed({ [name]: value }), name).to.equal("deploy write-stack.env");
    expect(await changed({ appPackages: ["git"] })).to.equal("build deploy");
    const own = await changed({ appDockerfile: "Dockerfile", appPort: 8000 });
    expect(own).to.equal("build deploy fetch write-stack.env");
    expect(await changed({ appDatabase: false })).to.equal("deploy write-app.env write-stack.env");
    expect(await changed({ appEnvironment: { A: "b" } })).to.equal("deploy write-app.env");
    expect(await changed({ appSecrets: { A: "b" } })).to.equal("deploy write-app.env");
    expect(await changed({ appRedis: true })).to.equal("deploy write-app.env write-stack.env");
    expect(await changed({ redisImage: "redis:7.2" }), "without appRedis").to.equal("");
    const appSchedule = [{ name: "a", cron: "@daily", command: "b" }];
    expect(await changed({ appSchedule }), "no release").to.equal("schedule");
    expect(await changed({ patchSchedule: "off" }), "no release").to.equal("schedule");
    expect(await changed({ https: false })).to.equal("deploy write-stack.env");
    expect(await changed({ acmeEmail: "me@example.com" })).to.equal("deploy write-stack.env");
    expect(await changed({ databaseName: "other" })).to.equal(
      "deploy prepare-database write-app.env write-stack.env",
    );
    expect(await changed({ appRepositoryCredential: "sesame" })).to.equal("fetch");
  });

  it("gives the app the address of Redis, and the image of Redis to the app server", async () => {
    expect(step("write-stack.env").inputs.stdin).to.include(
      "\nAPP_REDIS='false'\nREDIS_IMAGE=''\n",
    );
    expect(step("write-app.env").inputs.stdin).to.not.include("REDIS");
    const own = await program({ appRedis: true });
    expect(step("write-stack.env", own).inputs.stdin).to.include(
      "\nAPP_REDIS='true'\nREDIS_IMAGE='valkey/valkey:8.1-alpine'\n",
    );
    expect(step("write-app.env", own).inputs.stdin).to.include(
      "\nREDIS_URL=redis://redis:6379/0\n",
    );
  });

  it("rotates to the other database user with a new password, and drops the old user", async () => {
    const rotated = await program({ databasePasswordRotation: 1 });
    const made = (of: Program) => of.one("command:local:Command", "release-database-password");
    expect(made(built).inputs.triggers).to.equal(undefined);
    expect(made(rotated).inputs.triggers).to.deep.equal([1]);
    expect(step("prepare-database", rotated).inputs.create).to.match(/'app_b'$/);
    expect(step("write-app.env", rotated).inputs.stdin).to.include("DB_USERNAME=app_b\n");
    expect(step("lock-old-user", rotated).inputs.create).to.match(/'app_a'$/);
  });

  it("uses the configured database password, and keeps it secret", async () => {
    const databasePassword = `p@ss:w/rd#1% '"\\`;
    const given = await program({ databasePassword });
    expect(step("prepare-database", given).inputs.stdin).to.include(`\n${databasePassword}\n`);
    expect(step("prepare-database", given).secretInputs).to.include("stdin");
    expect(given.outputs.databasePassword).to.deep.equal({ value: databasePassword, secret: true });
    expect(given.all("command:local:Command").map(({ name }) => name)).to.not.include(
      "flask-on-aws-dev-release-database-password",
    );
  });

  it("describes the app in stack.env, and names its module to the fetch", async () => {
    const defaults = step("write-stack.env").inputs.stdin.split("\n");
    expect(defaults).to.include.members([
      ...["APP_MODULE=''", "APP_HEALTH_PATH=''", "APP_HEALTH_STATUS='200'"],
      ...["APP_DATABASE='true'", "APP_DATABASE_CHECK='true'"],
      ...["APP_MIGRATIONS='detected'", "APP_DOCKERFILE=''", "APP_FILES=''"],
    ]);
    const own = await program({ appModule: 'app:make("a")', appDatabase: false });
    expect(step("write-stack.env", own).inputs.stdin).to.include(`\nAPP_MODULE='app:make("a")'\n`);
    expect(step("fetch", own).inputs.create).to.match(/ 'app:make\("a"\)' ''$/);
    expect(step("write-app.env", own).inputs.stdin).to.not.include("DB_");
    expect(step("build", own).inputs).to.deep.equal(step("build").inputs);
  });

  it("writes stack.env with quoted values for the scripts on the app server", () => {
    expect(step("write-stack.env").inputs.stdin.split("\n")).to.include.members([
      "DB_HOST='db.example'",
      "SCHEMA='appdb'",
      "BUCKET='flask-on-aws-dev-backups-id'",
      "ALLOW_DESTRUCTIVE='false'",
      "UPLOAD_LIMIT='16'",
    ]);
  });

  it("publishes after the deploy when a repository is set, with the token by standard input", async () => {
    const publishRepository = "https://git.example/a.git";
    const publish = { publishRepository, publishToken: "sesame" };
    const published = await program(publish);
    const { inputs, secretInputs } = step("publish", published);
    expect(inputs.create).to.equal(
      `/opt/flask-on-aws/bin/deploy-lock.sh publish.sh '${publishRepository}' 'flask-on-aws-dev' 'false'`,
    );
    expect(inputs).to.include({ stdin: "sesame", logging: "none" });
    expect(secretInputs).to.include("stdin");
    expect(upstream(published, key("publish"))).to.include.all.keys(
      key("deploy"),
      "aws:iam/rolePolicy:RolePolicy flask-on-aws-dev-app",
    );
    const off = await program({ publishToken: "sesame" });
    expect(stepNames(off)).to.have.members(stepNames());
    const other = await program({ ...publish, appCommit: "0".repeat(40) });
    expect(triggers("publish", other)).to.not.equal(triggers("publish", published));
    const without = await program({ ...publish, site: "none" });
    expect(triggers("publish", without)).to.equal(`${triggers("publish", published)} no site`);
    expect(step("write-stack.env", without).inputs.stdin).to.include("\nSITE_BUCKET=''\n");
    const dump = await program({ ...publish, publishDump: true });
    expect(step("publish", dump).inputs.create).to.match(/ 'true'$/);
  });

  it("reports the configured commit", () => {
    expect(built.outputs.configuredCommit!.value).to.equal(
      "5f0ffe77e5ea794edfffbb18a196a01f9918b075",
    );
  });
});
