import { expect } from "chai";
import { FakeMachine } from "../support/machine.ts";

const flask = 'from flask import Flask\napp = Flask("a")\n';
const factory = 'from flask import Flask\ndef create_app(config=None):\n    return Flask("a")\n';
const withArguments = factory.replace("=None", "");
type Tree = Record<string, string>;

describe("The description of the app", () => {
  let machine: FakeMachine;
  before(() => {
    machine = new FakeMachine();
  });
  after(() => machine.remove());

  /** Describes an app with these files, by the settings of stack.env. */
  const run = (files: Tree, settings: Record<string, string> = {}, ...args: string[]) => {
    machine.stack(settings);
    const { address, commit } = machine.repository({ "requirements.txt": "flask\n", ...files });
    const { status, stdout, stderr } = machine.run("fetch.sh", [address, commit, "run:app"]);
    // Without such a module nothing is fetched; here the description is asked for alone.
    if (status !== 0 && !stderr.includes("no Flask app")) throw new Error(stderr + stdout);
    return machine.run("describe-app.sh", [commit, ...args]);
  };
  const describe = (files: Tree, settings: Record<string, string> = {}) => {
    const { status, stdout, stderr } = run(files, settings);
    expect(stderr).to.equal("");
    expect(status).to.equal(0);
    const variables = stdout.trimEnd().replaceAll("\\", "").split("\n");
    return Object.fromEntries<string>(
      variables.map((line) => line.split(/=(.*)/s, 2) as [string, string]),
    );
  };

  const modules: Record<string, [files: Tree, module: string]> = {
    "an object app in run.py": [{ "run.py": flask }, "run:app"],
    "an object application in application.py": [
      { "application.py": flask.replace("app", "application") },
      "application:application",
    ],
    "a Flask object of another name": [{ "app.py": flask.replace("app", "site") }, "app:site"],
    "an app that a condition makes": [
      { "wsgi.py": "try:\n    import x\nfinally:\n    app = make()\n" },
      "wsgi:app",
    ],
    "an app that wsgi.py imports from a package": [
      { "wsgi.py": "from shop import app\n", "shop/__init__.py": flask },
      "wsgi:app",
    ],
    "an app that wsgi.py imports from app.py": [
      { "wsgi.py": "from app import app\n", "app.py": flask },
      "wsgi:app",
    ],
    "a file that calls the factory of a package": [
      {
        "run.py": "from apps import create_app\napp = create_app('x')\n",
        "apps/__init__.py": withArguments,
      },
      "run:app",
    ],
    "a factory in app.py": [{ "app.py": factory }, "app:create_app()"],
    "a factory in a package": [{ "shop/__init__.py": factory }, "shop:create_app()"],
    "a factory of a package's module": [
      {
        "shop/__init__.py": "from .factory import create_app\n",
        "shop/factory.py": factory,
      },
      "shop:create_app()",
    ],
    "a factory that run.py imports, and calls only when it is run itself": [
      {
        "run.py":
          "from shop import create_app\nif __name__ == '__main__':\n    app = create_app()\n",
        "shop/__init__.py": factory,
      },
      "run:create_app()",
    ],
    "the only app beside a package of tests": [
      { "app.py": flask, "tests/__init__.py": factory, "migrations/__init__.py": factory },
      "app:app",
    ],
    "an app beside a worker of Celery": [
      { "app.py": flask, "main.py": "from celery import Celery\napp = Celery()\n" },
      "app:app",
    ],
    "FLASK_APP with a file": [
      { ".flaskenv": "FLASK_DEBUG=1\nFLASK_APP=shop.py\n", "shop.py": factory },
      "shop:create_app()",
    ],
    "FLASK_APP with a factory, as flask calls it": [
      { ".flaskenv": 'export FLASK_APP="shop:build"\n', "shop.py": "def build():\n    pass\n" },
      "shop:build()",
    ],
    "FLASK_APP before files": [
      { ".flaskenv": "FLASK_APP=shop\n", "shop.py": flask, "run.py": flask, "wsgi.py": flask },
      "shop:app",
    ],
    "the line web of a Procfile before FLASK_APP": [
      {
        Procfile: "release: flask db upgrade\nweb: gunicorn -w 4 -b localhost:$PORT shop:app\n",
        ".flaskenv": "FLASK_APP=other\n",
        "shop.py": flask,
      },
      "shop:app",
    ],
    "a line web with options after the module, and a factory with arguments": [
      {
        Procfile: `web: python -m gunicorn --preload "shop:create_app('prod')" --log-file=- -k gevent\n`,
        "shop/__init__.py": withArguments,
      },
      'shop:create_app("prod")',
    ],
    "a line web with a module alone": [
      { Procfile: "web: gunicorn --reload -w4 shop\n", "shop.py": flask },
      "shop:application",
    ],
    "a line web of waitress": [
      { Procfile: "web: waitress-serve --port=$PORT shop:app\n", "shop.py": flask },
      "shop:app",
    ],
    "files beside a line web of another server": [
      { Procfile: "web: python app.py\n", "app.py": flask },
      "app:app",
    ],
  };
  for (const [what, [files, module]] of Object.entries(modules)) {
    it(`finds ${what}`, () => {
      expect(describe(files).module).to.equal(module);
    });
  }

  it("uses the setting appModule before anything else", () => {
    const files = { Procfile: "web: gunicorn run:app\n", "run.py": flask, "wsgi.py": flask };
    expect(describe(files, { APP_MODULE: "wsgi:app" }).module).to.equal("wsgi:app");
    expect(run(files, { APP_MODULE: "wsgi:app" }, "").stdout, "the argument").to.match(
      /^module=run/,
    );
  });

  const refused: Record<
    string,
    [files: Tree, looked: string[], settings?: Record<string, string>]
  > = {
    "there are no files": [
      {},
      ["the top: none of run.py, wsgi.py, app.py, main.py, application.py, and no package"],
    ],
    "the factory needs arguments": [
      { "shop/__init__.py": withArguments },
      ["shop/__init__.py: create_app needs arguments"],
    ],
    "a file has no app": [{ "run.py": "print(1)\n" }, ["run.py: no app"]],
    "a file is no Python": [
      { "app.py": "print 'a'\n" },
      ["app.py: no Python: Missing parentheses", "app.py: no app"],
    ],
    "a Procfile names a file that does not exist": [
      { Procfile: "web: gunicorn --chdir src shop:app\n", "src/shop.py": flask },
      ["the line web of Procfile, shop:app: the commit has neither shop.py nor shop/__init__.py"],
    ],
    "a Procfile cannot be read": [
      { Procfile: 'web: gunicorn "shop:app\n' },
      ["Procfile: its line web cannot be read: No closing quotation", "the top: none of"],
    ],
    "appModule names a file that does not exist": [
      { "run.py": flask },
      ["the setting appModule, wsgi:app: the commit has neither wsgi.py nor wsgi/__init__.py"],
      { APP_MODULE: "wsgi:app" },
    ],
  };
  for (const [why, [files, looked, settings]] of Object.entries(refused)) {
    it(`is refused when ${why}`, () => {
      const { status, stdout, stderr } = run(files, settings);
      expect({ status, stdout }).to.deep.equal({ status: 1, stdout: "" });
      expect(stderr).to.match(/^error: commit \w{40} has no Flask app that gunicorn can serve\./);
      for (const line of looked) expect(stderr).to.include(`\n         ${line}`);
      expect(stderr).to.include(
        "\nremedy: name the app: pulumi config set appModule MODULE:NAME;\n        MODULE:NAME is as gunicorn takes it, for example 'wsgi:app' or 'app:create_app()'\n",
      );
    });
  }

  it("is refused for a file of another name, and accepted with the setting of its remedy", () => {
    const files = { "shop.py": flask };
    expect(run(files).stderr).to.include("pulumi config set appModule MODULE:NAME");
    expect(describe(files, { APP_MODULE: "shop:app" }).module).to.equal("shop:app");
  });

  it("is refused when there are two apps, and accepted with the setting of its remedy", () => {
    const files = { "run.py": flask, "wsgi.py": flask };
    const { status, stderr } = run(files);
    expect(status).to.equal(1);
    expect(stderr).to.match(
      /^error: commit \w{40} has more than one Flask app: run:app, wsgi:app\nremedy: choose one: pulumi config set appModule 'run:app'\n$/,
    );
    expect(describe(files, { APP_MODULE: "run:app" }).module).to.equal("run:app");
  });

  const app = { "app.py": flask };
  for (const [what, files, kind] of [
    ["alembic.ini", { ...app, "alembic.ini": "", "migrations/env.py": "" }, "alembic"],
    ["migrations/env.py", { ...app, "migrations/env.py": "" }, "flask-migrate"],
    [
      "Flask-SQLAlchemy",
      { ...app, "requirements.txt": "# pins\nFlask_SQLAlchemy==3.1\n" },
      "generated",
    ],
    [
      "Flask-Migrate in an included file",
      { ...app, "requirements.txt": "-r base.txt\n", "base.txt": "Flask.Migrate>=4\n" },
      "generated",
    ],
    ["none of these", { ...app, "requirements.txt": "flask\nsqlalchemy\n" }, "none"],
  ] as [string, Tree, string][]) {
    it(`says how an app with ${what} is migrated`, () => {
      expect(describe(files).migrations_by).to.equal(kind);
      expect(describe(files, { APP_MIGRATIONS: "none" }).migrations_by).to.equal("none");
      const without = describe(files, { APP_DATABASE: "false" });
      expect(without).to.include({ migrations_by: "none", database_check: "false" });
      const unchecked = describe(files, { APP_DATABASE_CHECK: "false" });
      expect(unchecked).to.include({ migrations_by: kind, database_check: "false" });
    });
  }

  it("asks for /login in the layout of flask-datta-able, and for / in others", () => {
    expect(describe(app)).to.include({ health_path: "/", health_status: "200" });
    const layout = { "run.py": flask, "apps/config.py": "" };
    expect(describe(layout).health_path).to.equal("/login");
    expect(describe(layout, { APP_HEALTH_PATH: "/up?a=b&c", APP_HEALTH_STATUS: "204" })).to.include(
      { health_path: "/up?a=b&c", health_status: "204" },
    );
  });
});
