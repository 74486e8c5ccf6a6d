import { expect } from "chai";
import { FakeMachine } from "../support/machine.ts";

const flask = 'from flask import Flask\napp = Flask("a")\n';

describe("The app's own Dockerfile", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack();
    machine.script("swap.sh", "");
  });
  afterEach(() => machine.remove());

  const fetch = (files: Record<string, string>, dockerfile = "Dockerfile") => {
    const { address, commit } = machine.repository(files);
    return { commit, ...machine.run("fetch.sh", [address, commit, "", dockerfile]) };
  };
  const build = (files: Record<string, string>, user = "app", fails = "") => {
    const { commit, status, stderr } = fetch(files, "docker/Dockerfile");
    expect(status, stderr).to.equal(0);
    machine.fake(
      "docker",
      `case "$*" in *Config.User*) echo '${user}'; exit ;; image*) exit 1 ;; esac
      log "$@"; tar -tf - >'${machine.home}/files'; ${fails}`,
    );
    const args = [commit, "app:1", "python:3.11", "https://pip.example", "docker/Dockerfile", ""];
    return { commit, ...machine.run("build.sh", args) };
  };

  it("needs no list of packages, and no module that is found", () => {
    const { status, stdout } = fetch({ Dockerfile: "FROM python\n", "src/shop/app.py": flask });
    expect({ status, stdout }).to.deep.equal({
      status: 0,
      stdout: "the image is made of Dockerfile\n",
    });
  });

  for (const [what, lines, found] of [
    [
      "the command",
      'ENV FLASK_APP=other\nCMD ["gunicorn", "-b", "0.0.0.0:80", "shop:create_app()"]',
      "shop:create_app(), by the command of Dockerfile",
    ],
    [
      "a shell in the command",
      'ENTRYPOINT ["sh", "-c", "exec waitress-serve --port=$PORT shop:app"]',
      "shop:app, by the command of Dockerfile",
    ],
    [
      "FLASK_APP",
      "ENV A=b \\\n  FLASK_APP=shop.py\nCMD flask run",
      "shop:app, by FLASK_APP in Dockerfile",
    ],
    ["the files", "CMD python run.py", "run:app, by run.py"],
    [
      "the last stage",
      "CMD gunicorn none:app\nFROM python\nENV FLASK_APP=shop.py",
      "shop:app, by FLASK_APP in Dockerfile",
    ],
  ] as const) {
    it(`tells the module by ${what}`, () => {
      const files = {
        Dockerfile: `FROM python\n# a comment\n${lines}\n`,
        "shop.py": flask,
        "run.py": flask,
      };
      expect(fetch(files).stdout).to.include(`the app is ${found}\n`);
    });
  }

  it("is refused when it does not exist, with those that do, and works with one of them", () => {
    const files = {
      "docker/Dockerfile": "FROM python\n",
      "Dockerfile.dev": "",
      "a.dockerfile": "",
      "Dockerfile.dockerignore": "",
    };
    const { status, stderr } = fetch(files);
    expect(status).to.equal(1);
    expect(stderr).to.match(
      /^error: commit \w{40} has no Dockerfile, which appDockerfile names\.\n {7}Its Dockerfiles: Dockerfile\.dev,a\.dockerfile,docker\/Dockerfile\n/,
    );
    expect(stderr).to.match(
      /^remedy: set appDockerfile to one of them;\n.*: pulumi config rm appDockerfile$/m,
    );
    expect(fetch(files, "docker/Dockerfile").status).to.equal(0);
  });

  for (const line of [
    "RUN flask db upgrade",
    "RUN pip install . && \\\n    flask --app shop db upgrade",
    "RUN alembic -c a.ini upgrade head",
  ]) {
    it(`is warned of where it migrates while it builds: ${JSON.stringify(line)}`, () => {
      const { status, stdout } = fetch({ Dockerfile: `FROM python\n${line}\n`, "app.py": flask });
      expect(status).to.equal(0);
      expect(stdout).to.match(
        /^warning: Dockerfile migrates while it builds, where it has no database: /m,
      );
      const command = line.replace("RUN", "CMD");
      const { stdout: later } = fetch({ Dockerfile: `FROM python\n${command}\n`, "app.py": flask });
      expect(later).to.not.include("warning");
    });
  }

  it("builds the image from all files but .env, without the project's own Dockerfile", () => {
    const { commit, status, stdout } = build({
      "docker/Dockerfile": "",
      "app.py": flask,
      ".env": "A=b\n",
    });
    expect({ status, stdout }).to.deep.equal({ status: 0, stdout: "app:1 is built\n" });
    expect(machine.log.trim()).to.equal(
      `build --cpu-shares 64 --tag app:1 --file docker/Dockerfile --build-arg PIP_INDEX_URL=https://pip.example --label org.opencontainers.image.revision=${commit} -`,
    );
    expect(machine.read("files").trim().split("\n")).to.have.members([
      "app.py",
      "docker/",
      "docker/Dockerfile",
    ]);
  });

  for (const user of ["", "root", "0:0"]) {
    it(`is warned of where it runs the app as root: ${JSON.stringify(user)}`, () => {
      expect(build({ "docker/Dockerfile": "", "app.py": flask }, user).stdout).to.include(
        "warning: the app runs as root in its container: docker/Dockerfile has no USER\n",
      );
    });
  }

  it("is what to correct when the build fails, also for instructions of BuildKit", () => {
    const files = { "docker/Dockerfile": "", "app.py": flask };
    const failed = build(files, "", "echo 'no such package' >&2; exit 1");
    expect(failed.stderr).to.match(
      /^error: the image of commit \w{40} was not built from docker\/Dockerfile\n/,
    );
    expect(failed.stderr).to.match(
      /^remedy: correct the app's docker\/Dockerfile, then: .*\n {2}\| no such package$/m,
    );
    const kit = build(files, "", "echo 'the --mount option requires BuildKit' >&2; exit 1");
    expect(kit.stderr).to.include("it knows no RUN --mount and no here-documents\n");
  });
});
