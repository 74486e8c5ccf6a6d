import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fixture, type Fixture } from "./fixture.ts";

const flask = 'from flask import Flask\napp = Flask("a")\n';
const page = (path: string) => `@app.route("${path}")\ndef page(): ...\n`;
const app = (...pages: string[]) => flask + pages.map(page).join("");

describe("./ops init", function () {
  this.timeout(20_000);
  let stack: Fixture;
  beforeEach(() => (stack = fixture()));
  afterEach(() => stack.machine.remove());

  const repository = () => join(stack.machine.home, "repository");
  const git = (...words: string[]) =>
    execFileSync("git", ["-C", repository(), ...words], { encoding: "utf8" }).trim();
  /** What it prints of a repository of these files, by the first words of each part. */
  const init = (files: Record<string, string>) => {
    const { address, commit } = stack.machine.repository(files);
    const { status, stdout, stderr } = stack.ops("init", address);
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: "" });
    const parts = stdout
      .trimEnd()
      .split("\n\n")
      .map((part) => part.split("\n  "));
    const [found, settings, guesses, unknown, variables] = [
      ...["found", "set these", "and these, which are guesses", "could not tell"],
      "the app reads these variables, without a default: set them by appEnvironment or appSecrets",
    ].map((title) => parts.find(([first]) => first === title)?.slice(1) ?? []);
    expect(stack.machine.log, "Pulumi").to.equal("");
    const ends = [
      `pulumi config set appRepository ${address}`,
      `pulumi config set appCommit ${commit}`,
    ];
    expect(settings!.slice(0, 2)).to.deep.equal(ends);
    return { found, settings: settings!.slice(2), guesses, unknown, variables };
  };

  it("prints nothing but repository and commit for an app that needs no other setting", () => {
    const files = { "app.py": app("/"), "requirements.txt": "flask\nflask_sqlalchemy\n" };
    expect(init(files)).to.deep.equal({
      found: [
        "image                     made of requirements.txt",
        "app                       app:app, by app.py",
        "page of the health check  /",
        "database                  by flask-sqlalchemy",
        "migrations                generated",
      ],
      settings: [],
      guesses: [],
      unknown: [
        "- whether GET / answers with 200 without a login; else set appHealthPath",
        "- whether that page reads the database; else set appDatabaseCheck to false",
      ],
      variables: [],
    });
  });

  it("names a base image with the app's Python, a page that exists, and an app without a database", () => {
    const files = {
      "app.py": app("/items/<int:id>", "/health", "/other"),
      "pyproject.toml": '[project]\nrequires-python = ">=3.12"\ndependencies = ["flask"]\n',
      "uv.lock": "",
    };
    const { found, settings, guesses } = init(files);
    expect(found).to.include("Python  >=3.12, by requires-python in pyproject.toml");
    expect(settings).to.deep.equal(["pulumi config set baseImage python:3.12-slim-bookworm"]);
    expect(guesses).to.deep.equal([
      "pulumi config set appHealthPath /health",
      "  because the source has no page / without a login",
      "pulumi config set appDatabase false",
      "  because no package for a database is required",
    ]);
  });

  it("shows the processes of a Procfile, and Redis as a guess", () => {
    const files = {
      "app.py": app("/"),
      "requirements.txt": "flask\nrq\npymysql\n",
      Procfile: "web: gunicorn app:app\nworker: rq worker\nrelease: flask seed\nno line\n",
    };
    const { found, guesses, unknown } = init(files);
    expect(found).to.include("processes beside web      worker, by Procfile");
    expect(found).to.include("after the migrations      flask seed");
    expect(guesses).to.deep.equal([
      "pulumi config set appRedis true",
      "  because the package rq is required",
      "pulumi config set --path appEnvironment.RQ_REDIS_URL redis://redis:6379/0",
      "  because rq worker, in the Procfile, looks for Redis there",
    ]);
    const named = init({ ...files, Procfile: "worker: rq worker -u $REDIS_URL\n" });
    expect(named.guesses).to.have.length(2);
    expect(unknown).to.include("- Procfile, line 4: no line");
  });

  it("knows the pages of blueprints with a prefix, and only those that answer GET", () => {
    const files = {
      "requirements.txt": "flask\n",
      "app.py": `${flask}from shop import shop\napp.register_blueprint(shop, url_prefix="/shop")\n@app.post("/up")\ndef up(): ...\n`,
      "shop.py":
        'shop = Blueprint("shop", __name__)\n@shop.route("/", methods=["GET", "POST"])\ndef a(): ...\n',
    };
    expect(init(files).guesses!.slice(0, 1)).to.deep.equal([
      "pulumi config set appHealthPath /shop/",
    ]);
  });

  it("finds the prefix of a blueprint that is imported under another name, and no page behind a login", () => {
    const files = {
      "requirements.txt": "flask\n",
      "app.py": `${flask}from shop.auth import pages as auth_pages\nfrom shop import main\napp.register_blueprint(auth_pages, url_prefix="/auth")\napp.register_blueprint(main.pages)\n`,
      "shop/__init__.py": "",
      "shop/auth/__init__.py": "from .routes import pages\n",
      "shop/auth/routes.py":
        'pages = Blueprint("a", __name__)\n@pages.route("/login")\ndef a(): ...\n',
      "shop/main.py":
        'pages = Blueprint("b", __name__)\n@pages.route("/")\n@login_required\ndef a(): ...\n' +
        '@auth.login_required(role="x")\n@pages.get("/health")\ndef b(): ...\n@pages.get("/author")\ndef c(): ...\n',
    };
    expect(init(files).guesses!.slice(0, 1)).to.deep.equal([
      "pulumi config set appHealthPath /auth/login",
    ]);
    const [guess] = init({ ...files, "shop/auth/routes.py": "" }).guesses!;
    expect(guess).to.equal("pulumi config set appHealthPath /author");
  });

  it("tells where the app receives files, and which database its own image has by its source", () => {
    const files = {
      Dockerfile: "FROM python\nEXPOSE 80\n",
      "app.py": `${app("/")}import sqlalchemy.orm\nfrom PIL import Image\nf = request.files["a"]\n`,
    };
    const { found, unknown } = init(files);
    expect(found).to.include("database                  by sqlalchemy");
    expect(unknown).to.include(
      "- appFiles: where the app keeps the files that it receives, first in app.py:7",
    );
  });

  it("builds by the app's Dockerfile where there is no list of packages, at the port that it names", () => {
    const files = {
      Dockerfile: "FROM python\nEXPOSE 8000/tcp\nRUN flask db upgrade\n",
      "app.py": app("/"),
    };
    const { found: warned, settings, unknown } = init(files);
    expect(settings).to.deep.equal([
      "pulumi config set appDockerfile Dockerfile",
      "pulumi config set appPort 8000",
    ]);
    expect(warned!.join("\n")).to.match(
      /^warning +Dockerfile migrates while it builds, .*: flask db upgrade$/m,
    );
    expect(unknown).to.include("- appDatabase: whether the app has a database");
    const { settings: ours, found } = init({ ...files, "requirements.txt": "flask\n" });
    expect(ours).to.deep.equal([]);
    expect(found).to.include("not used                  Dockerfile");
    const several = init({ Dockerfile: "FROM python\nEXPOSE 80 90\n", "app.py": app("/") });
    expect(several.unknown).to.include("- appPort: the port at which the app listens");
  });

  it("says what it cannot tell", () => {
    const none = init({ "poetry.lock": "", "shop.py": flask });
    expect(none.unknown!.join("\n")).to.match(
      /^- the packages: make requirements\.txt by: poetry export -o requirements\.txt\n- appModule: there is no app that gunicorn can serve\. What was looked at:\n {4}the top: none of run\.py/,
    );
    const two = init({ "requirements.txt": "flask\n", "run.py": flask, "wsgi.py": flask });
    expect(two.unknown).to.include("- appModule: one of run:app, wsgi:app");
    expect(two.unknown).to.include("- appHealthPath: the source shows no page that needs no login");
  });

  it("lists the variables that the source reads without a default, except those that are set", () => {
    const read = [
      'os.environ["MAIL_PASSWORD"]; os.environ["DATABASE_URL"]; os.environ["SECRET_KEY"]',
      'os.getenv("TOKEN"); environ.get("TOKEN"); environ.get("A", "b"); getenv("B") or "c"',
      'os.environ["SET"] = "x"; os.environ.get(NAME); config["OTHER"]',
    ];
    const files = {
      "requirements.txt": "flask\n",
      "app.py": app("/"),
      "settings.py": `${read.join("\n")}\n`,
      "tests/test_app.py": 'os.environ["OF_A_TEST"]\n',
      Procfile:
        "web: gunicorn -b :$PORT app:app\nworker: rq -u ${QUEUE} $REDIS_URL ${A:-b}\n# $NOT\n",
    };
    expect(init(files).variables).to.deep.equal([
      "MAIL_PASSWORD  settings.py:1",
      "TOKEN          settings.py:2",
      "QUEUE          Procfile:2",
      "pulumi config set --path appEnvironment.NAME VALUE",
      "pulumi config set --path --secret appSecrets.NAME",
    ]);
  });

  it("resolves a branch, a tag and a short hash to the full hash", () => {
    const { address, commit } = stack.machine.repository({
      "app.py": app("/"),
      "requirements.txt": "",
    });
    git("branch", "old");
    git("-c", "user.name=a", "-c", "user.email=a@b", "tag", "-a", "-m", "v1", "v1");
    git(
      "-c",
      "user.name=a",
      "-c",
      "user.email=a@b",
      "commit",
      "--quiet",
      "--allow-empty",
      "-m",
      "two",
    );
    for (const name of ["old", "v1", commit.slice(0, 8), commit])
      expect(stack.ops("init", address, name).stdout, name).to.include(`appCommit ${commit}\n`);
    expect(stack.ops("init", address).stdout).to.include(`appCommit ${git("rev-parse", "HEAD")}\n`);
  });

  it("names the origin of a directory, and says where the app server cannot read one", () => {
    stack.machine.repository({ "app.py": app("/"), "requirements.txt": "" });
    const alone = stack.ops("init", repository());
    expect(alone.status, alone.stderr).to.equal(0);
    expect(alone.stdout).to.not.include("appRepository http");
    expect(alone.stdout).to.include(
      `- appRepository: the app server cannot read ${repository()}, and it has no remote origin\n`,
    );
    git("remote", "add", "origin", "https://ada:token@git.example/shop.git");
    expect(stack.ops("init", repository()).stdout).to.include(
      "pulumi config set appRepository https://git.example/shop.git\n",
    );
  });

  it("refuses a repository that cannot be read and a name that it does not have, until both are right", () => {
    const { address, commit } = stack.machine.repository({
      "app.py": app("/"),
      "requirements.txt": "",
    });
    const missing = stack.ops("init", `${address}.none`);
    expect(missing.status).to.equal(1);
    expect(missing.stderr).to.match(
      /^error: the repository \S+\.none cannot be read: .+\nremedy: correct the address;/,
    );
    for (const name of ["nosuch", "0123abc", "0".repeat(40)]) {
      const { status, stderr } = stack.ops("init", address, name);
      expect(status).to.equal(1);
      expect(stderr).to.match(
        /^error: \S+ has no branch, tag or commit \w+\nremedy: name one that is pushed/,
      );
      const [, args] = /: \.\/ops (.*)$/m.exec(stderr)!;
      expect(stack.ops(...args!.split(" ")).stdout).to.include(`appCommit ${commit}\n`);
    }
  });

  it("says so where git or Python is missing", () => {
    stack.machine.fake("git", "exit 127");
    const { status, stderr } = stack.ops("init", "https://git.example/a.git");
    expect(status).to.equal(1);
    expect(stderr).to.equal(
      "error: git is not installed on this computer, and ./ops init needs git and python3\n" +
        "remedy: install both, for example: sudo apt-get install git python3\n",
    );
  });
});
