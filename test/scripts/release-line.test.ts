import { expect } from "chai";
import { FakeMachine } from "../support/machine.ts";

describe("The release line", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack();
    machine.write("root/app.env", "# secrets: API_KEY\nAPI_KEY=sesame\n");
    machine.fake("docker", `case $1 in rm) log "$@" ;; *) echo c0ffee ;; esac`);
    machine.script("files.sh", `log "files $*"`);
    machine.fake(
      "docker-compose",
      `log "\${TASK_IMAGE-}: \${*:9}"; [ -z "$(cat)" ]; echo seeded; [ "$9" != run ] || [ ! -e '${machine.home}/broken' ]`,
    );
  });
  afterEach(() => machine.remove());

  const run = (line: string, migrations = "flask-migrate") => {
    machine.script(
      "describe-app.sh",
      `[ "$*" = c0ffee ]; printf '%s=%q\\n' module 'shop:make()' migrations_by ${migrations} release_line "${line}"`,
    );
    return machine.run("release-line.sh", ["app:1"]);
  };

  it("runs in a container of the new image, as its user, and shows what it prints", () => {
    expect(run("python seed.py && true")).to.deep.equal({
      status: 0,
      stdout: "the line release of the Procfile has run: python seed.py && true\n  | seeded\n",
      stderr: "",
    });
    expect(machine.log).to.equal(
      "files prepare app:1\nrm --force flask-on-aws-task-release_line\n" +
        "app:1: run --rm --no-deps -T --name flask-on-aws-task-release_line --env FLASK_APP=shop:make() --entrypoint sh task -c python seed.py && true\n",
    );
  });

  it("shows no secret", () => {
    machine.fake("docker-compose", "echo the key is sesame");
    expect(run("flask show-key").stdout).to.include("\n  | the key is [secret]\n");
  });

  it("gives the files back to the version that serves when their owner has changed", () => {
    machine.write("root/proxy/active", "blue\n");
    machine.fake("stat", `cat '${machine.home}/owner'`);
    const prepares = (...given: string[]) => {
      machine.write("owner", "1000:1000\n");
      machine.write("log", "");
      machine.script(
        "files.sh",
        `log "files $*"; if [ "$2" = app:1 ]; then echo ${given[0]} >'${machine.home}/owner'; fi`,
      );
      run("python seed.py");
      expect(machine.log.match(/^files .*/gm)).to.deep.equal(given.slice(1));
    };
    prepares("1000:1000", "files prepare app:1");
    prepares("999:999", "files prepare app:1", "files prepare c0ffee");
    machine.write("broken", "");
    prepares("999:999", "files prepare app:1", "files prepare c0ffee");
  });

  it("fails the release with its output", () => {
    machine.write("broken", "");
    const { status, stderr } = run("python seed.py");
    expect(status).to.equal(1);
    expect(stderr).to.equal(
      "error: the line release of the Procfile failed: python seed.py\n" +
        "remedy: correct it, then: pulumi config set appCommit HASH && pulumi up\n  | seeded\n",
    );
  });

  for (const line of [
    "flask db upgrade",
    "python -m flask db upgrade",
    "python3 -m  flask db upgrade head",
    "FLASK_APP=shop flask db upgrade",
    "flask --app shop:make db upgrade",
    "alembic upgrade head",
    "python -m alembic upgrade head",
  ]) {
    it(`is left out when it is "${line}", because the deployer has migrated`, () => {
      expect(run(line).stdout).to.equal(
        `the line release of the Procfile is left out, because the schema is migrated already: ${line}\n`,
      );
      expect(machine.exists("log")).to.equal(false);
      run(line, "none");
      expect(machine.log, "without migrations of the deployer").to.include(` task -c ${line}\n`);
    });
  }

  it("runs when it does more than to migrate", () => {
    for (const line of ["flask db upgrade && flask seed", "flask db upgrade; a", "sh release.sh"]) {
      run(line);
      expect(machine.log).to.include(` task -c ${line}\n`);
    }
  });

  it("is nothing where the Procfile has none", () => {
    expect(run("")).to.deep.equal({ status: 0, stdout: "", stderr: "" });
  });
});
