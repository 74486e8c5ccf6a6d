import { expect } from "chai";
import { FakeMachine } from "../support/machine.ts";

type Tree = Record<string, string>;
const flask = 'from flask import Flask\napp = Flask("a")\n';
const app: Tree = { "app.py": flask };
const project = (...lines: string[]) => ["[project]", 'name = "shop"', ...lines, ""].join("\n");
const dependencies = 'dependencies = ["flask>=3"]';
const locked: Tree = {
  ...app,
  "pyproject.toml": project(dependencies),
  "uv.lock": "version = 1\n",
};

describe("The packages of the app's image", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack();
    machine.script("swap.sh", "");
  });
  afterEach(() => machine.remove());

  const fetch = (files: Tree) => {
    const { address, commit } = machine.repository(files);
    return { commit, ...machine.run("fetch.sh", [address, commit, ""]) };
  };
  const fetched = (files: Tree) => {
    const { commit, status, stdout, stderr } = fetch(files);
    expect(status, stderr).to.equal(0);
    return { commit, stdout };
  };
  /** Builds, and returns the Dockerfile and the files that the builder gets. */
  const build = (commit: string, base = "python:3.11", ...more: string[]) => {
    machine.fake(
      "docker",
      `[ "$1" = image ] && exit 1; mkdir -p '${machine.home}/context'; tar -C '${machine.home}/context' -xf -`,
    );
    const { status, stderr } = machine.run("build.sh", [commit, "app:1", base, ...more]);
    expect(status, stderr).to.equal(0);
    return machine.read("context/Dockerfile.release");
  };
  const release = () => machine.read("root/bin/Dockerfile.release");
  const install = "COPY requirements.txt /tmp/\n";

  it("are those of requirements.txt before all others, which the fetch names", () => {
    const files = { ...locked, "requirements.txt": "flask\n", "poetry.lock": "", Pipfile: "" };
    const { commit, stdout } = fetched(files);
    expect(stdout).to.equal(
      "the app is app:app, by app.py\nthe image is made of requirements.txt, and not of poetry.lock or uv.lock\n",
    );
    expect(build(commit)).to.equal(release());
  });

  it("are those of a lock of uv, which must fit pyproject.toml", () => {
    const { commit, stdout } = fetched({ ...locked, "poetry.lock": "" });
    expect(stdout).to.match(/^the image is made of uv\.lock, and not of poetry\.lock$/m);
    const lock = machine.read("root/bin/Dockerfile.lock");
    expect(lock).to.include(" --locked ").and.include(" --no-default-groups ");
    expect(build(commit)).to.equal(release().replace(install, lock));
  });

  it("are those of pyproject.toml without a lock", () => {
    const toml = project(
      "dependencies = [",
      '  "flask[async]>=3", # ] a comment',
      `  'pymysql<2; python_version < "4"',`,
      '  "x @ https://pypi.example/x.zip",',
      "]",
      "[tool.other]",
      'dependencies = ["none"]',
    );
    const { commit, stdout } = fetched({ ...app, "pyproject.toml": toml });
    expect(stdout).to.match(/^the image is made of pyproject\.toml$/m);
    expect(build(commit)).to.equal(
      release().replace(install, "COPY requirements.release /tmp/requirements.txt\n"),
    );
    expect(machine.read("context/requirements.release")).to.equal(
      'flask[async]>=3\npymysql<2; python_version < "4"\nx @ https://pypi.example/x.zip\n',
    );
  });

  it("tell by pyproject.toml, too, that migrations are generated", () => {
    for (const [name, by] of [
      ["Flask_SQLAlchemy>=3", "generated"],
      ["flask", "none"],
    ] as const) {
      const toml = project(`dependencies = ["${name}"]`);
      const { commit } = fetched({ ...app, "pyproject.toml": toml, "uv.lock": "" });
      expect(machine.run("describe-app.sh", [commit]).stdout).to.include(`migrations_by=${by}\n`);
    }
  });

  it("are also those of the files that requirements.txt includes, once each", () => {
    const { commit } = fetched({
      ...app,
      "requirements.txt": "-r requirements/prod.txt\ngunicorn==23.0.0\n",
      "requirements/prod.txt": "-rbase.txt # all\n--requirement=../requirements.txt\nredis\n",
      "requirements/base.txt": "flask\n-r https://pypi.example/more.txt\n",
    });
    build(commit);
    expect(machine.read("context/requirements.release")).to.equal(
      "flask\n-r https://pypi.example/more.txt\nredis\ngunicorn==23.0.0\n",
    );
    expect(machine.read("context/requirements.txt"), "the app's own").to.match(/^-r /);
  });

  it("need those of Debian that appPackages names, which are installed before them", () => {
    const { commit } = fetched({ ...app, "requirements.txt": "flask\n" });
    expect(build(commit, "python:3.11", "", "", "libmagic1 git")).to.equal(
      release().replace(
        install,
        `RUN apt-get update && apt-get install --yes --no-install-recommends libmagic1 git && rm -rf /var/lib/apt/lists/*\n${install}`,
      ),
    );
  });

  const refused: Record<string, [files: Tree, error: RegExp, remedy: RegExp]> = {
    "a lock of Poetry": [
      { "poetry.lock": "", "pyproject.toml": project(dependencies) },
      /has a lock that is not supported/,
      /make requirements\.txt of it, and commit that: poetry export -o requirements\.txt\n/,
    ],
    "a lock of Pipenv": [
      { "Pipfile.lock": "" },
      /has a lock that is not supported/,
      /and commit that: pipenv requirements >requirements\.txt\n/,
    ],
    "no list of packages": [
      { "pyproject.toml": "[tool.black]\n", Dockerfile: "" },
      /has no requirements\.txt; at its top are: Dockerfile app\.py pyproject\.toml/,
      /in pyproject\.toml with uv\.lock, or in pyproject\.toml alone;\n {8}or set appDockerfile /,
    ],
    constraints: [
      { "requirements.txt": "-c constraints.txt\nflask\n", "constraints.txt": "" },
      /packages of commit \w+ cannot be installed:\n {7}requirements\.txt has constraints: -c con/,
      /list all packages in requirements\.txt, or in pyproject\.toml with uv\.lock;\n {8}then: /,
    ],
    "an include of a file that is missing": [
      { "requirements.txt": "-r base.txt\n" },
      /requirements\.txt includes base\.txt, which the commit does not have/,
      /list all packages/,
    ],
    "a lock of uv alone": [
      { "uv.lock": "" },
      /uv\.lock stands without pyproject\.toml/,
      /list all packages/,
    ],
  };
  for (const [what, [files, error, remedy]] of Object.entries(refused)) {
    it(`are refused at the fetch: ${what}`, () => {
      const { status, stderr } = fetch({ ...app, ...files });
      expect(status).to.equal(1);
      expect(stderr).to.match(error).and.match(remedy);
    });
  }

  it("are installed after the change that the message demands", () => {
    expect(fetch({ ...app, "poetry.lock": "" }).status).to.equal(1);
    fetched({ ...app, "poetry.lock": "", "requirements.txt": "flask\n" });
    fetched({ ...app, "uv.lock": "", "pyproject.toml": project(dependencies) });
  });

  describe("that cannot be installed", () => {
    const fails = (files: Tree, said: string, ...more: string[]) => {
      const { commit } = fetched(files);
      machine.fake(
        "docker",
        `[ "$1" = image ] && exit 1; cat >/dev/null; echo "${said}" >&2; exit 1`,
      );
      const { status, stderr } = machine.run("build.sh", [commit, "app:1", "python:3.11", ...more]);
      expect(status).to.equal(1);
      return stderr;
    };
    const listed = { ...app, "requirements.txt": "flask\n" };
    for (const [said, packages] of [
      ["error: command 'gcc' failed: No such file or directory", ["build-essential"]],
      ["[Errno 2] No such file or directory: 'cc'", ["build-essential"]],
      ["Git executable not found. Ensure that Git is installed", ["git"]],
      ["Error: pg_config executable not found.", ["libpq-dev", "build-essential"]],
      [
        "Exception: Can not find valid pkg-config name.",
        ["default-libmysqlclient-dev", "pkg-config", "build-essential"],
      ],
    ] as const) {
      it(`are explained by the packages of Debian that are missing: ${packages.join(" ")}`, () => {
        const commands = packages
          .map((name, index) => `pulumi config set --path 'appPackages[${index + 1}]' ${name} && `)
          .join("");
        expect(fails(listed, said, "", "", "libmagic1")).to.include(
          `\nremedy: have Debian's ${packages.join(" ")} installed:\n          ${commands}pulumi up;\n` +
            "        or correct the app's requirements.txt, then: ",
        );
      });
    }

    it("are explained by a lock that does not fit", () => {
      const said =
        "error: The lockfile at 'uv.lock' needs to be updated, but '--locked' was provided.";
      const stderr = fails(locked, said);
      expect(stderr).to.match(
        /^remedy: run uv lock in the app's repository and commit uv\.lock;\n {8}then: pulumi config set appCommit HASH/m,
      );
      expect(stderr).to.include(`  | ${said}\n`);
    });
  });

  describe("and its Python", () => {
    const wants = (files: Tree, base: string) => {
      const { commit } = fetched({ ...app, "requirements.txt": "flask\n", ...files });
      machine.fake(
        "docker",
        `[ "$1" = image ] && exit 1; if [ "$1" = run ]; then echo 3.13; exit; fi; log "$1"; cat >/dev/null`,
      );
      return machine.run("build.sh", [commit, "app:1", base]);
    };
    const requires = (versions: string) => ({
      "pyproject.toml": project(dependencies, `requires-python = "${versions}"`),
    });
    const base = "python:3.11-slim-bookworm";
    for (const [what, files, remedy] of [
      ["3.12, by .python-version", { ".python-version": "3.12\n" }, "3.12"],
      ["3.13.2, by runtime.txt", { "runtime.txt": "python-3.13.2\n" }, "3.13"],
      [">=3.12, by requires-python in pyproject.toml", requires(">=3.12"), "3.12"],
      ["<3.11,>=3.9, by requires-python in pyproject.toml", requires("<3.11,>=3.9"), "3.10"],
      ["~=3.13.1, by requires-python in pyproject.toml", requires("~=3.13.1"), "3.13"],
      ["==3.9.*, by requires-python in pyproject.toml", requires("==3.9.*"), "3.9"],
    ] as [string, Tree, string][]) {
      it(`are refused before the build where the base image has another one: ${what}`, () => {
        const { status, stderr } = wants(files, base);
        expect(status).to.equal(1);
        expect(stderr).to.equal(
          `error: the app needs Python ${what}.\n       ${base} has Python 3.11\n       Nothing serves yet.\n` +
            `remedy: pulumi config set baseImage python:${remedy}-slim-bookworm && pulumi up\n`,
        );
        expect(machine.log).to.equal("");
        const corrected = wants(files, `python:${remedy}-slim-bookworm`);
        expect(corrected.status, corrected.stderr).to.equal(0);
      });
    }

    for (const files of [
      { ".python-version": "3.11.4\n" },
      { ".python-version": "pypy3.10\n" },
      { "runtime.txt": "python-3.11\n" },
      ...[">=3.9", "~=3.10", "<3.12", ">3.10,<4", "!=3.11.2", "<3.11.5", "^3.12", "==3.*"].map(
        requires,
      ),
    ] as Tree[]) {
      it(`are accepted: ${JSON.stringify(Object.values(files)[0]!.trim().split("\n").at(-1))}`, () => {
        const { status, stderr } = wants(files, base);
        expect(status, stderr).to.equal(0);
      });
    }

    it("are those that an image of another name says itself", () => {
      const { stderr } = wants(requires("<3.13"), "registry.example/base:1");
      expect(stderr).to.include("registry.example/base:1 has Python 3.13\n");
      expect(wants(requires(">=3.13"), "registry.example/base:1").status).to.equal(0);
    });
  });
});
