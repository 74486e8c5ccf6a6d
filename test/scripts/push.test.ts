import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { TasksMachine } from "../support/tasks-machine.ts";

describe("A push to the tasks' repository", () => {
  let machine: TasksMachine;
  const image = "flask-on-aws-app:c0ffee-1";
  beforeEach(() => {
    machine = new TasksMachine();
    machine.write(
      "root/app.env",
      '# secrets: KEY\nMODE=a\nKEY="open \\"sesame\\"\\n"\nDB_PASS=pass\n',
    );
    machine.write("root/rds-ca.pem", "CA\n");
    machine.write("root/proxy/active", "green\n");
    machine.write("serves", `${image}\n`);
    machine.write("root/descriptions/c0ffee-1", 'module=app:create_app\\(\\"prod\\"\\)\n');
    machine.fake("docker-compose", `[ "\${*: -3}" = "ps --quiet green" ] && echo serving`);
    machine.fake(
      "docker",
      `case "$*" in
      *revision*) echo 0123456789abcdef ;;
      "inspect --format {{.Config.Image}} serving") cat '${machine.home}/serves' ;;
      "image inspect --format {{.Id}} "*) cat '${machine.home}/id' 2>/dev/null || echo sha256:1 ;;
      "build "*) log "docker $*"; cp "\${*: -1}"/* '${machine.home}/' ;;
      *" login "*) [ "$(cat)" = sesame ]; log "docker $*" ;;
      *" push "*)
        log "docker $*"; [ ! -e '${machine.home}/no-push' ] || { echo denied >&2; exit 1; }
        python3 - '${machine.home}/aws.json' "\${*: -1}" <<'END'
import json, sys
state = json.load(open(sys.argv[1]))
state["images"][sys.argv[2].rpartition(":")[2]] = "pushed"
json.dump(state, open(sys.argv[1], "w"))
END
        ;;
      esac`,
    );
  });
  afterEach(() => machine.remove());

  const push = () => {
    const { status, stdout, stderr } = machine.run("push.sh", [image]);
    expect(status, stderr).to.equal(0);
    expect(stdout).to.match(/^\{.*\}\n$/);
    return JSON.parse(stdout) as Record<string, unknown>;
  };
  const calls = (pattern: RegExp) => machine.log.match(new RegExp(pattern, "gm")) ?? [];

  it("pushes the patch of the image that serves, and notes that the tasks get it", () => {
    machine.write("serves", `${image}-p1\n`);
    machine.write("root/descriptions/c0ffee-1-p1", "module=app:app\n");
    machine.write("root/tasks-behind", "");
    push();
    expect(machine.read("Dockerfile")).to.match(new RegExp(`^FROM ${image}-p1$`, "m"));
    expect(machine.exists("root/tasks-behind")).to.equal(false);
  });

  it("prints image, commit and variables, which SSM has", () => {
    const { image: pushed, ...rest } = push();
    expect(pushed).to.match(
      /^1\.dkr\.ecr\.us-west-2\.amazonaws\.com\/tasks@sha256:of-0123456789ab-[0-9a-f]{12}$/,
    );
    expect(rest).to.deep.equal({
      ...{ commit: "0123456789abcdef", environment: 1 },
      variables: ["DB_PASS", "KEY", "MODE"],
    });
    expect(machine.state.parameters).to.deep.equal({
      "/stack/app/1/DB_PASS": "pass",
      "/stack/app/1/KEY": 'open "sesame"\n',
      "/stack/app/1/MODE": "a",
    });
    expect(machine.log, "no secret in a command line").to.not.match(/sesame|pass\b/);
  });

  it("prints the process of the Procfile where tasks run it, and pushes nothing if there is none", () => {
    machine.tasks({ TASKS_WORKERS: "worker" });
    const { status, stderr } = machine.run("push.sh", [image]);
    expect(status).to.equal(1);
    expect(stderr).to.match(
      /^error: appWorkerTasks needs a Procfile with one process .* has none$/m,
    );
    expect(calls(/docker (build|.* push)|put-parameter/)).to.deep.equal([]);
    machine.write("root/descriptions/c0ffee-1", `processes='mailer python mail.py "$NAME"'\n`);
    const worker = { name: "mailer", command: ['exec python mail.py "$NAME"'], environment: [] };
    expect(push()["processes"]).to.deep.equal([{ ...worker, entryPoint: ["sh", "-c"] }]);
  });

  it("adds the certificates of the database and a command to the image that serves", () => {
    push();
    const { root } = machine;
    expect(machine.read("Dockerfile")).to.equal(
      `FROM ${image}\nCOPY rds-ca.pem ${root}/rds-ca.pem\nENV FLASK_APP="app:create_app(\\"prod\\")"\n` +
        `COPY gunicorn_task.py ${root}/bin/\n` +
        `CMD ["sh", "-c", "exec gunicorn --config ${root}/bin/gunicorn_task.py --bind 0.0.0.0:5005 \\"$FLASK_APP\\""]\n`,
    );
    expect(machine.read("rds-ca.pem")).to.equal("CA\n");
  });

  it("leaves the command of an image by the app's own Dockerfile", () => {
    machine.write("root/descriptions/c0ffee-1", "module='' dockerfile=Dockerfile port=8000\n");
    push();
    expect(machine.read("Dockerfile")).to.match(/^FROM .*\nCOPY rds-ca\.pem \S+\n$/);
  });

  it("does nothing when it is repeated", () => {
    const first = push();
    const { length } = calls(/docker (build|.* push)|put-parameter/);
    expect(push()).to.deep.equal(first);
    expect(calls(/docker (build|.* push)|put-parameter/)).to.have.length(length);
  });

  it("pushes another image that was built of the same commit under another tag", () => {
    const first = push();
    machine.write("id", "sha256:2\n");
    expect(push().image).to.not.equal(first.image);
  });

  it("makes a new set of variables when one has changed, and never one with a lower number", () => {
    push();
    machine.write("root/app.env", "MODE=b\n");
    expect(push()).to.deep.include({ environment: 2, variables: ["MODE"] });
    machine.write("root/app.env", "MODE=c\n");
    expect(push()).to.deep.include({ environment: 3 });
    machine.aws({ parameters: { "/stack/app/3/MODE": "c" } });
    expect(push()).to.deep.include({ environment: 3 });
    machine.write("root/app.env", "MODE=d\n");
    expect(push()).to.deep.include({ environment: 4 });
  });

  it("does not use a set that a killed run has left in part", () => {
    machine.aws({ parameters: { "/stack/app/1/MODE": "a", "/stack/app/other": "x" } });
    expect(push()).to.deep.include({ environment: 2 });
  });

  it("refuses an image that does not serve on the app server", () => {
    machine.write("serves", "flask-on-aws-app:old\n");
    const { status, stdout, stderr } = machine.run("push.sh", [image]);
    expect({ status, stdout }).to.deep.equal({ status: 1, stdout: "" });
    expect(stderr).to.include(`flask-on-aws-app:old serves on the app server, not ${image}`);
    expect(stderr).to.include("remedy: run pulumi up again\n");
    expect(machine.log).to.equal("");
  });

  for (const [what, call, error] of [
    ["the login", "ecr get-login-password", /refuses the login\n/],
    ["to list images", "ecr describe-images", /the repository tasks cannot be read\n/],
    ["to read parameters", "ssm get-parameters-by-path", /of \/stack\/app cannot be read\n/],
    ["a parameter", "ssm put-parameter", /the variable DB_PASS was not written to \/stack\/app\n/],
  ] as const)
    it(`fails and prints no JSON where AWS refuses ${what}, until it allows it`, () => {
      machine.aws({ refused: { [call]: "AccessDenied" } });
      const { status, stdout, stderr } = machine.run("push.sh", [image]);
      expect({ status, stdout }).to.deep.equal({ status: 1, stdout: "" });
      expect(stderr).to.match(error).and.include("AccessDenied").and.not.include("sesame");
      machine.aws({ refused: {} });
      expect(push()).to.deep.include({ environment: 1 });
    });

  it("fails when the registry refuses the image, until it takes it", () => {
    machine.write("no-push", "");
    const { status, stderr } = machine.run("push.sh", [image]);
    expect(status).to.equal(1);
    expect(stderr).to.match(
      /was not pushed to tasks\n.*\nremedy: correct the cause, then run pulumi up again\n {2}\| denied/s,
    );
    execFileSync("rm", [`${machine.home}/no-push`]);
    push();
  });

  it("leaves no login in the home of the user", () => {
    push();
    expect(calls(/docker --config \S+ login --username AWS --password-stdin \S+$/)).to.have.length(
      1,
    );
  });
});

describe("The sets of variables in SSM", () => {
  let machine: TasksMachine;
  beforeEach(() => {
    machine = new TasksMachine();
    const names = Array.from({ length: 12 }, (_, index) => `/stack/app/1/V${index}`);
    const parameters = Object.fromEntries(names.map((name) => [name, "x"]));
    machine.aws({ parameters: { ...parameters, "/stack/app/2/A": "x", "/stack/app/3/A": "x" } });
  });
  afterEach(() => machine.remove());

  it("are removed below the one that serves, ten at a time", () => {
    expect(machine.run("parameters.sh", ["keep", "/stack/app", "2"]).status).to.equal(0);
    expect(Object.keys(machine.state.parameters)).to.deep.equal([
      "/stack/app/2/A",
      "/stack/app/3/A",
    ]);
  });

  it("stay when a stack of an earlier version forgets the step that removed them all", () => {
    const { status, stderr } = machine.run("parameters.sh", ["remove", "/stack/app"]);
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: "" });
    expect(Object.keys(machine.state.parameters)).to.have.length(14);
  });

  it("stay where AWS refuses to delete them, which is an error", () => {
    machine.aws({ refused: { "ssm delete-parameters": "AccessDenied" } });
    const { status, stderr } = machine.run("parameters.sh", ["keep", "/stack/app", "2"]);
    expect(status).to.equal(1);
    expect(stderr).to.match(/^error: parameters of \/stack\/app cannot be deleted\nremedy: allow /);
    machine.aws({ refused: {} });
    expect(machine.run("parameters.sh", ["keep", "/stack/app", "2"]).status).to.equal(0);
  });
});
