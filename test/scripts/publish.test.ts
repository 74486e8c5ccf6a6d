import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { FakeMachine } from "../support/machine.ts";

const token = `tok'en"$x`;

describe("Publishing", () => {
  let machine: FakeMachine;
  let commit: string;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack({ SITE_BUCKET: "site-1" });
    machine.s3();
    const app = machine.repository({
      ".env": "DEBUG=True\n",
      "conf/.env": "KEY=app\n",
      "café/.env": "KEY=app\n",
      ".env.d/.env/key": "KEY=app\n",
      "my.env": "kept\n",
      Dockerfile: "",
      "docker-compose.yml": "",
      "requirements.txt": "",
      "run.py": "app = 1\n",
    });
    commit = app.commit;
    expect(machine.run("fetch.sh", [app.address, commit]).status).to.equal(0);
    machine.write("root/proxy/active", "blue\n");
    machine.write("root/migrations/versions/a1_.py", "a1\n");
    machine.write("root/migrations/versions/__pycache__/a1.pyc", "");
    machine.fake("docker-compose", "echo container");
    machine.fake("docker", `echo ${commit}`);
    machine.script("backup.sh", 'log "backup $*"; echo backups/now-publish');
    machine.script("publish-status.sh", `log "status $(cat '${machine.root}/published')"`);
    execFileSync("git", ["init", "--quiet", "--bare", join(machine.home, "mirror.git")]);
  });
  afterEach(() => machine.remove());

  const publish = (dump = "false", repository = `file://${machine.home}/mirror.git`) =>
    machine.run("publish.sh", [repository, "flask-on-aws-dev", dump], `${token}\n`);
  const mirror = (...args: string[]) =>
    execFileSync("git", ["-C", join(machine.home, "mirror.git"), ...args], { encoding: "utf8" });
  const site = (key: string) => `s3/s3://site-1/${key}`;
  const files = () => mirror("ls-tree", "-r", "--name-only", "flask-on-aws-dev").trim().split("\n");

  it("pushes the source of the running release with the files it added, without .env files", () => {
    const { status, stderr } = publish();
    expect(status, stderr).to.equal(0);
    expect(files()).to.have.members([
      ...["Dockerfile", "docker-compose.yml", "my.env", "requirements.txt", "run.py"],
      ...["release/Dockerfile.release", "release/compose.yml", "release/Caddyfile"],
      ...["release/Caddyfile.http", "release/Caddyfile.https"],
      "migrations/versions/a1_.py",
    ]);
    expect(mirror("show", "flask-on-aws-dev:run.py")).to.equal("app = 1\n");
    expect(mirror("log", "--format=%s", "flask-on-aws-dev")).to.include(`Commit ${commit} as`);
  });

  it("offers the same files on the site, updates the site's status, and adds no dump", () => {
    publish();
    const list = ["-m", "zipfile", "-l", join(machine.home, site("app.zip"))];
    const names = execFileSync("python3", list).toString().match(/^\S+/gm)!.slice(1);
    expect(names.filter((name) => !name.endsWith("/"))).to.have.members(files());
    expect(machine.log)
      .to.include("--content-type application/zip")
      .and.include(`status ${commit}`);
    expect(machine.exists(site("dump.sql.gz"))).to.equal(false);
    expect(machine.log).to.not.include("backup ");
  });

  it("offers the dump of a new backup when a dump is requested", () => {
    machine.write("s3/backups/now-publish/dump.sql.gz", gzipSync("rows"));
    const { status, stderr } = publish("true");
    expect(status, stderr).to.equal(0);
    expect(machine.log).to.include("backup publish");
    expect(
      gunzipSync(execFileSync("cat", [join(machine.home, site("dump.sql.gz"))])).toString(),
    ).to.equal("rows");
  });

  it("pushes the branch and uploads nothing when there is no site", () => {
    publish();
    machine.stack({ SITE_BUCKET: "" });
    machine.write("root/migrations/versions/b2_.py", "b2\n");
    const { status, stderr } = publish();
    expect(status, stderr).to.equal(0);
    expect(files()).to.include("migrations/versions/b2_.py");
    expect(machine.log.match(/^aws /gm), "the upload of before").to.have.length(1);
    expect(machine.exists("root/published")).to.equal(false);
  });

  it("adds its commit after those of others, and adds none if the tree is unchanged", () => {
    publish();
    const first = mirror("rev-parse", "flask-on-aws-dev").trim();
    expect(publish().stdout).to.include(`holds this tree already: ${first}`);
    const other = execFileSync(
      "git",
      ["commit-tree", "-p", first, "-m", "by hand", `${first}^{tree}`],
      {
        cwd: join(machine.home, "mirror.git"),
        encoding: "utf8",
        env: { ...process.env, ...author },
      },
    ).trim();
    mirror("update-ref", "refs/heads/flask-on-aws-dev", other);
    machine.write("root/migrations/versions/b2_.py", "b2\n");
    expect(publish().status).to.equal(0);
    expect(
      mirror("log", "--format=%H", "flask-on-aws-dev").trim().split("\n").slice(1),
    ).to.deep.equal([other, first]);
  });

  it("pushes the app's own migrations instead of the generated ones", () => {
    const own = machine.repository({
      "migrations/env.py": "own\n",
      Dockerfile: "",
      "docker-compose.yml": "",
      "requirements.txt": "",
      "run.py": "app = 1\n",
    });
    expect(machine.run("fetch.sh", [own.address, own.commit]).status).to.equal(0);
    machine.fake("docker", `echo ${own.commit}`);
    expect(publish().status).to.equal(0);
    expect(files()).to.include("migrations/env.py").and.not.include("migrations/versions/a1_.py");
  });

  it("fails and uploads nothing when no release runs or the tree cannot be created", () => {
    machine.fake("docker", "exit 0");
    expect(publish().stderr).to.match(/error: nothing serves.*\nremedy: /);
    machine.fake("docker", `echo ${commit}`);
    machine.fake(
      "git",
      `if [[ $1 == hash-object && $* == *a1_.py ]]; then exit 1; fi; command -p git "$@"`,
    );
    expect(publish().status).to.equal(1);
    expect(mirror("branch", "--list").trim()).to.equal("");
    expect(machine.exists(site("app.zip"))).to.equal(false);
  });

  it("keeps the token out of command lines, files and output", () => {
    machine.fake("git", `log "git $*"; command -p git "$@"`);
    const { stdout, stderr } = publish();
    for (const text of [stdout, stderr, machine.log, machine.read("root/source.git/config")])
      expect(text).to.not.include("tok'en");
    expect(machine.log).to.match(/credential\.helper=!token.* push/);
    expect(() => execFileSync("grep", ["-rF", "tok'en", machine.home])).to.throw();
  });

  it("reports that the release runs when the repository refuses, and uploads nothing", () => {
    const hook = join(machine.home, "mirror.git/hooks/pre-receive");
    execFileSync("sh", [
      "-c",
      `printf '#!/bin/sh\\necho protected branch; exit 1\\n' >'${hook}'; chmod +x '${hook}'`,
    ]);
    const { status, stderr } = publish();
    expect(status).to.equal(1);
    expect(stderr).to.match(
      /^error: \S+ refused the branch flask-on-aws-dev.*serves.*\nremedy: .* {2}\| remote: protected branch/s,
    );
    expect(stderr).to.match(/^remedy: .*publishToken/m);
    expect(machine.exists(site("app.zip"))).to.equal(false);
    expect(publish("false", `file://${machine.home}/gone.git`).stderr).to.match(
      /error: \S+ refused to list its branches/,
    );
    execFileSync("rm", [hook]);
    expect(publish().status, "once the repository takes it").to.equal(0);
    expect(machine.exists(site("app.zip"))).to.equal(true);
  });
});

const author = {
  GIT_AUTHOR_NAME: "a",
  GIT_AUTHOR_EMAIL: "a@b",
  GIT_COMMITTER_NAME: "a",
  GIT_COMMITTER_EMAIL: "a@b",
};
