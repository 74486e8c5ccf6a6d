import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { FakeMachine } from "../support/machine.ts";

const app = {
  ".env": "DEBUG=True\n",
  "apps/.env": "DEBUG=True\n",
  "apps/config.py": "",
  "requirements.txt": "flask\n",
  "run.py": "app = 1\n",
};

/** What the fetch prints. */
const found = "the app is run:app, by run.py\n";

describe("The image build", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.script("swap.sh", "");
  });
  afterEach(() => machine.remove());

  const fetch = (address: string, commit: string) => machine.run("fetch.sh", [address, commit]);

  it("fetches a commit only once", () => {
    const { address, commit } = machine.repository(app);
    expect(fetch(address, commit)).to.deep.equal({ status: 0, stdout: found, stderr: "" });
    expect(fetch("file:///gone", commit).status, "it is there already").to.equal(0);
  });

  it("reads a private repository with a token that is in no command line and no file", () => {
    const { address, commit } = machine.repository(app);
    // Keeps what git's credential helper returns, and reads the local repository instead.
    machine.fake(
      "git",
      `log "git $*"
      if [[ $* == *ls-remote* ]]; then
        printf 'protocol=https\\nhost=git.example\\n\\n' | command -p git "$1" "$2" credential fill >'${machine.home}/told'
      fi
      command -p git -c url.${address}.insteadOf=https://git.example/app "$@"`,
    );
    const token = `tok'en"$x`;
    const fetched = machine.run("fetch.sh", ["https://git.example/app", commit], `${token}\n`);
    expect(fetched).to.deep.equal({ status: 0, stdout: found, stderr: "" });
    expect(machine.read("told")).to.include(`\nusername=x-access-token\npassword=${token}\n`);
    expect(machine.log.match(/credential\.helper/g), "ls-remote and fetch").to.have.length(2);
    expect(machine.log).to.not.include("tok'en");
    expect(machine.read("root/source.git/config")).to.not.include("credential");
  });

  for (const commits of ["its commit", "a missing commit"]) {
    it(`uses a private repository's key and deletes it after a fetch of ${commits}`, () => {
      const { commit } = machine.repository(app);
      // Runs the remote command on this computer instead of connecting.
      machine.fake(
        "ssh",
        `log "ssh $*"; end="\${*: -1}"; while [ "$1" != -i ]; do shift; done
        log "mode $(stat --format %a "$2")"; cp "$2" '${machine.home}/key'; eval "$end"`,
      );
      const key = "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----\n";
      const { status, stderr } = machine.run(
        "fetch.sh",
        [
          `ssh://git@git.example${machine.home}/repository`,
          commits === "its commit" ? commit : "0".repeat(40),
        ],
        key,
      );
      expect(status, stderr).to.equal(commits === "its commit" ? 0 : 1);
      expect(machine.read("key")).to.equal(key);
      expect(machine.log).to.include("-o BatchMode=yes").and.include("-o IdentitiesOnly=yes");
      expect(machine.log).to.include("\nmode 600\n").and.not.include("PRIVATE");
      expect(existsSync(/ -i (\S+)/.exec(machine.log)![1]!)).to.equal(false);
    });
  }

  it("reports submodules and files in Git LFS", () => {
    const { address, commit } = machine.repository({
      ...app,
      ".gitmodules": "",
      "static/.gitattributes": "*.png filter=lfs diff=lfs\n",
    });
    const { status, stdout } = fetch(address, commit);
    expect(status).to.equal(0);
    expect(stdout).to.match(/^warning: the commit has submodules, .*\nwarning: .* Git LFS, .*\n/m);
  });

  it("ignores the lock file that an interrupted fetch has left", () => {
    const { address, commit } = machine.repository(app);
    expect(fetch(address, "0".repeat(40)).status).to.equal(1);
    machine.write("root/source.git/shallow.lock", "");
    const { status, stderr } = fetch(address, commit);
    expect(status, stderr).to.equal(0);
  });

  it("names a repository that cannot be read, and works once it is corrected", () => {
    const { status, stderr } = fetch(`file://${machine.home}/none`, "0".repeat(40));
    expect(status).to.equal(1);
    expect(stderr).to.match(/^error: the repository file:\S+\/none cannot be read from /m);
    expect(stderr).to.match(/^remedy: check the setting appRepository/m);
    const { address, commit } = machine.repository(app);
    expect(fetch(address, commit).status).to.equal(0);
  });

  it("names a commit that the repository does not have, and works once it is corrected", () => {
    const { address, commit } = machine.repository(app);
    const { status, stderr } = fetch(address, "0".repeat(40));
    expect(status).to.equal(1);
    expect(stderr).to.include(`error: ${address} has no commit 0000000000`);
    expect(stderr).to.match(/^remedy: set appCommit/m);
    expect(fetch(address, commit).status).to.equal(0);
  });

  it("reports a full disk instead of a missing commit", () => {
    const { address, commit } = machine.repository(app);
    machine.fake("df", `[[ $* == *" ${machine.root}" ]] && printf 'Avail\\n 511\\n'`);
    const { status, stderr } = fetch(address, commit);
    expect(status).to.equal(1);
    expect(stderr).to.match(/^error: \S+ has 511 MB free at \S+; a release needs 512 MB$/m);
  });

  it("lists the files that a commit of another project lacks", () => {
    const { address, commit } = machine.repository({ "README.md": "", LICENSE: "" });
    const { status, stderr } = fetch(address, commit);
    expect(status).to.equal(1);
    expect(stderr).to.include("has no requirements.txt;");
    expect(stderr).to.include("at its top are: LICENSE README.md");
    expect(stderr).to.match(/^remedy: set appRepository and appCommit/m);
  });

  it("fails before anything is built when the commit has no app that it finds", () => {
    const { address, commit } = machine.repository({ "requirements.txt": "flask\n" });
    const { status, stderr } = fetch(address, commit);
    expect(status).to.equal(1);
    expect(stderr).to.match(/^error: commit \S+ has no Flask app that gunicorn can serve/);
    expect(stderr).to.match(/^remedy: name the app: pulumi config set appModule MODULE:NAME/m);
  });

  it("uses the module that the setting appModule names", () => {
    const { address, commit } = machine.repository({ ...app, "wsgi.py": "app = 1\n" });
    const { stdout } = machine.run("fetch.sh", [address, commit, "wsgi:app"]);
    expect(stdout).to.equal("the app is wsgi:app, by the setting appModule\n");
  });

  it("uses Dockerfile.release and the files of the commit, except its .env files", () => {
    const { address, commit } = machine.repository(app);
    fetch(address, commit);
    machine.fake(
      "docker",
      `[ "$1" = image ] && exit 1; log "$@"; tar -tf - >'${machine.home}/context'`,
    );
    const outcome = machine.run("build.sh", [commit, "app:1", "python:3.11"]);
    expect(outcome).to.deep.equal({ status: 0, stdout: "app:1 is built\n", stderr: "" });
    const context = machine.read("context").split("\n");
    expect(context).to.include.members([
      "Dockerfile.release",
      "requirements.txt",
      "apps/config.py",
    ]);
    expect(context.filter((path) => path.endsWith(".env"))).to.deep.equal([]);
    expect(machine.log.trim()).to.equal(
      `build --cpu-shares 64 --tag app:1 --file Dockerfile.release --build-arg BASE_IMAGE=python:3.11 --label org.opencontainers.image.revision=${commit} -`,
    );
  });

  it("downloads the base and all packages anew for a patch, and `up` still asks for its own image", () => {
    const { address, commit } = machine.repository(app);
    fetch(address, commit);
    machine.fake("docker", `[ "$1" = image ] && exit 1; log "$@"; cat >/dev/null`);
    machine.write("root/requested", "app:1\n");
    const args = [commit, "app:1-p1", "python:3.11", "", "", "git zip"];
    expect(machine.run("build.sh", args, "", { fresh: "1" }).status).to.equal(0);
    expect(machine.log).to.match(/^build --cpu-shares 64 --pull --no-cache --tag app:1-p1 /);
    expect(machine.read("root/requested")).to.equal("app:1\n");
    expect(machine.read("root/descriptions/1-p1.recipe")).to.equal("python:3.11\n\n\ngit zip\n");
  });

  it("builds nothing while a patch of the image is there", () => {
    const { address, commit } = machine.repository(app);
    fetch(address, commit);
    machine.fake("docker", `[ "$*" = "image inspect app:1-p1" ]`);
    machine.write("root/ledger/000001", "000001\tt\tc\tapp:1-p1\ti\ta1\t-\tann\tverify=1.0\n");
    const { stdout } = machine.run("build.sh", [commit, "app:1", "python:3.11"]);
    expect(stdout).to.equal("app:1-p1 is there already\n");
  });

  for (const said of [
    "manifest for python:3.11 not found: manifest unknown",
    "pull access denied for python, repository does not exist or may require 'docker login'",
  ]) {
    it(`names the base image that is gone: ${said}`, () => {
      const { address, commit } = machine.repository({ ...app, Dockerfile: "FROM x\n" });
      fetch(address, commit);
      machine.fake("docker", `[ "$1" = image ] && exit 1; cat >/dev/null; echo "${said}"; exit 1`);
      const own = machine.run("build.sh", [commit, "app:1", "python:3.11"]);
      expect(own.stderr).to.match(
        /^error: the base image python:3\.11 is not in its registry\n.*\nremedy: name another one: pulumi config set baseImage IMAGE && pulumi up$/m,
      );
      const theirs = machine.run("build.sh", [commit, "app:1", "python:3.11", "", "Dockerfile"]);
      expect(theirs.stderr).to.match(
        /^error: a base image of Dockerfile is not in its registry\n.*\nremedy: name another one in FROM, /m,
      );
    });
  }

  for (const [requirements, added] of [
    ["flask\n", "gunicorn setuptools<81 pymysql>=1.2,<2"],
    ["gunicorn==20.1.0\nflask\n", "gunicorn setuptools<81 pymysql>=1.2,<2"],
    ["setuptools==83.0.0\n", "gunicorn pymysql>=1.2,<2"],
    ["PyMySQL==1.1.1\n", "gunicorn setuptools<81 pymysql[rsa]"],
    ["pymysql-pool\nflask-sqlalchemy-x\n", "gunicorn setuptools<81 pymysql>=1.2,<2"],
    ["  Flask_SQLAlchemy[x]>=3\n", "gunicorn setuptools<81 pymysql>=1.2,<2 flask-migrate"],
    ["flask-migrate", "gunicorn setuptools<81 pymysql>=1.2,<2 flask-migrate"],
  ] as const) {
    it(`adds to the requirements ${JSON.stringify(requirements)}: ${added}`, () => {
      machine.write("requirements.txt", requirements);
      machine.fake("uv", `log "$@"`);
      machine.fake("pip", ":");
      const file = machine.read("root/bin/Dockerfile.release");
      const install = /^RUN (setting\(\)[^]*?[^\\])$/m.exec(file)![1]!;
      const here = install
        .replaceAll("/tmp/requirements.txt", `${machine.home}/requirements.txt`)
        .replace("/opt/uv/bin/uv", `${machine.home}/fakes/uv`);
      const PATH = `${machine.home}/fakes:${process.env.PATH}`;
      execFileSync("sh", ["-c", here], { env: { ...process.env, PATH } });
      expect(machine.log.trim().split(" --requirement ")[1]).to.equal(
        `${machine.home}/requirements.txt ${added}`,
      );
    });
  }

  it("adds swap before it builds, and also when the image exists already", () => {
    const { address, commit } = machine.repository(app);
    fetch(address, commit);
    machine.script("swap.sh", "log swap");
    machine.fake("docker", `[ "$1" = image ] && exit 1; log "$1"; cat >/dev/null`);
    expect(machine.run("build.sh", [commit, "app:1", "python:3.11"]).status).to.equal(0);
    machine.fake("docker", "exit 0");
    expect(machine.run("build.sh", [commit, "app:1", "python:3.11"]).status).to.equal(0);
    expect(machine.log).to.equal("swap\nbuild\nswap\n");
  });

  it("passes the pip index URL to Docker", () => {
    const { address, commit } = machine.repository(app);
    fetch(address, commit);
    machine.fake(
      "docker",
      `[ "$1" = image ] && exit 1; printf '<%s>' "$@" >'${machine.home}/log'; cat >/dev/null`,
    );
    machine.run("build.sh", [commit, "app:1", "python:3.11", "https://pip.example/a b"]);
    expect(machine.log).to.include("<--build-arg><PIP_INDEX_URL=https://pip.example/a b><--label>");
  });

  it("reports how much free disk it needs when there is too little", () => {
    machine.fake("docker", `[ "$1" = image ] && exit 1; log "$@"`);
    machine.fake("df", `[[ $* == *" ${machine.root}" ]] && printf 'Avail\\n 1023\\n'`);
    const { status, stderr } = machine.run("build.sh", ["c0ffee", "app:1", "python:3.11"]);
    expect(status).to.equal(1);
    expect(stderr).to.match(
      /^error: \S+ has 1023 MB free at \S+; building an image needs 1024 MB$/m,
    );
    expect(machine.log).to.equal("");
  });

  it("does not build an image that exists already", () => {
    machine.fake("docker", `log "$@"`);
    const outcome = machine.run("build.sh", ["c0ffee", "app:1", "python:3.11"]);
    expect(outcome).to.deep.include({ status: 0, stdout: "app:1 is there already\n" });
    expect(machine.log).to.equal("image inspect app:1\n");
  });

  it("records the image that `up` requested last, even if it cannot be built", () => {
    machine.fake("docker", `[ "$1" = image ] && [ "$3" = app:1 ]`);
    machine.run("build.sh", ["c0ffee", "app:1", "python:3.11"]);
    expect(machine.read("root/requested")).to.equal("app:1\n");
    expect(machine.run("build.sh", ["c0ffee", "app:2", "python:3.11"]).status).to.equal(1);
    expect(machine.read("root/requested")).to.equal("app:2\n");
  });

  it("shows the error and what to correct when it fails", () => {
    const { address, commit } = machine.repository(app);
    fetch(address, commit);
    machine.fake(
      "docker",
      `[ "$1" = image ] && exit 1; cat >/dev/null; printf 'Step 1/2 : FROM x\\n ---> 3c2b\\n\\033[91mno such package\\033[0m\\n' >&2; exit 1`,
    );
    const { status, stderr } = machine.run("build.sh", [commit, "app:1", "python:3.11"]);
    expect(status).to.equal(1);
    expect(stderr).to.equal(
      `error: the image of commit ${commit} was not built from python:3.11\n` +
        "       Nothing serves yet.\n" +
        "remedy: correct the app's requirements.txt, then: pulumi config set appCommit HASH && pulumi up;\n" +
        "        or, if the packages need another Python, set baseImage\n" +
        "  | no such package\n",
    );
  });
});
