import { expect } from "chai";
import { execFileSync, spawn } from "node:child_process";
import { FakeMachine, scripts, until } from "../support/machine.ts";

const app = 'from flask import Flask\napp = Flask("a")\n';

describe("The Procfile", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack();
  });
  afterEach(() => machine.remove());

  const fetch = (Procfile: string | Buffer) => {
    const files = { "requirements.txt": "flask\n", "app.py": app, Procfile };
    const { address, commit } = machine.repository(files);
    return { commit, ...machine.run("fetch.sh", [address, commit]) };
  };
  /** What a release gets to know, after bash has read it. */
  const described = (Procfile: string | Buffer) => {
    const { commit } = fetch(Procfile);
    const { stdout } = machine.run("describe-app.sh", [commit]);
    const [processes, line] = execFileSync("bash", [
      ...["-c", `eval "$1"; printf '%s\\0%s' "$processes" "$release_line"`, "bash", stdout],
    ])
      .toString()
      .split("\0");
    return { processes, line };
  };

  it("makes containers of ECS of the processes, whose signals reach the same programs", () => {
    const lines = "worker python w.py\npipe a | b\n";
    const made = execFileSync("python3", [`${scripts}/procfile.py`, "containers"], {
      input: lines,
    });
    expect(JSON.parse(made.toString())).to.deep.equal([
      {
        ...{ name: "worker", entryPoint: ["sh", "-c"], command: ["exec python w.py"] },
        environment: [],
      },
      {
        ...{ name: "pipe", entryPoint: ["sh", "-c"], command: ["trap 'exit 143' TERM; a | b"] },
        environment: [{ name: "TINI_KILL_PROCESS_GROUP", value: "1" }],
      },
    ]);
  });

  it("names the processes beside web, and the release line, with their commands unchanged", () => {
    expect(
      described(
        "# comment\n\nweb: gunicorn app:app\nworker: python -c 'print(\"é  $HOME\")' | cat && true\r\n" +
          "beat-2:celery beat  \nrelease: flask db upgrade",
      ),
    ).to.deep.equal({
      processes: "worker python -c 'print(\"é  $HOME\")' | cat && true\nbeat-2 celery beat",
      line: "flask db upgrade",
    });
    expect(described("web: gunicorn app:app\n")).to.deep.equal({ processes: "", line: "" });
  });

  it("is read as editors on Windows write it", () => {
    const lines = "worker: python w.py\r\nrelease: flask seed\r\n";
    const expected = { processes: "worker python w.py", line: "flask seed" };
    expect(described(`\ufeff${lines}`)).to.deep.equal(expected);
    expect(described(Buffer.from(`\ufeff${lines}`, "utf16le"))).to.deep.equal(expected);
  });

  it("is refused at the fetch with all lines that cannot be read", () => {
    const { commit, status, stderr } = fetch(
      "web: gunicorn app:app\nworker python w.py\nmy worker: a\nempty:\nworker: a\nworker: b\n",
    );
    expect(status).to.equal(1);
    expect(stderr).to.equal(
      `error: commit ${commit} has a Procfile that cannot be read:\n` +
        "         line 2: worker python w.py\n         line 3: my worker: a\n         line 4: empty:\n" +
        "         line 6, the second one named worker: worker: b\n       Nothing serves yet.\n" +
        "remedy: write each line as NAME: COMMAND, with a name of its own of letters, digits, - and _;\n" +
        "        then: pulumi config set appCommit HASH && pulumi up\n",
    );
  });

  const services = (processes: string) => {
    const said = execFileSync(
      "python3",
      ["-B", `${scripts}procfile.py`, "blue", "/b/compose.yml"],
      {
        input: processes,
      },
    );
    return (JSON.parse(said.toString()) as { services: Record<string, { entrypoint: string[] }> })
      .services;
  };

  it("makes services that are like web, with another command", () => {
    const common = (name: string) => ({
      extends: { file: "/b/compose.yml", service: "blue" },
      init: true,
      stop_grace_period: "120s",
      labels: { "flask-on-aws.process": name, "flask-on-aws.colour": "blue" },
    });
    expect(services("worker a $B\nbeat c | d\n")).to.deep.equal({
      "blue-worker": { ...common("worker"), entrypoint: ["sh", "-c", "exec a $$B"] },
      "blue-beat": {
        ...common("beat"),
        entrypoint: ["sh", "-c", "trap 'exit 143' TERM; c | d"],
        environment: { TINI_KILL_PROCESS_GROUP: "1" },
      },
    });
    expect(services("\n")).to.deep.equal({});
  });

  for (const [line, run] of [
    ["cd /x && python w.py '$A'", "cd /x && exec python w.py '$A'"],
    ["A=1 B= celery worker >/dev/null", "exec env A=1 B= celery worker >/dev/null"],
    ["exec rq worker", "exec rq worker"],
    ['A="1 2" rq worker', "trap 'exit 143' TERM; A=\"1 2\" rq worker"],
    ["a; b", "trap 'exit 143' TERM; a; b"],
    ["a $(b) && c", "trap 'exit 143' TERM; a $(b) && c"],
  ] as const) {
    it(`runs ${line} as ${run}`, () => {
      const { entrypoint } = services(`worker ${line}`)["blue-worker"]!;
      expect(entrypoint).to.deep.equal(["sh", "-c", run.replaceAll("$", "$$$$")]);
    });
  }

  it("has one program get SIGTERM, and not what it has started", async () => {
    machine.write("child.py", 'import time\ntime.sleep(0.5)\nopen("done", "w")\n');
    machine.write(
      "w.py",
      "import signal, subprocess\nsignal.signal(signal.SIGTERM, lambda *_: None)\n" +
        'child = subprocess.Popen(["python3", "child.py"])\nopen("begun", "w")\nchild.wait()\n',
    );
    const [program, ...words] = services("worker cd . && A=1 python3 w.py")["blue-worker"]!
      .entrypoint;
    const child = spawn(program!, words, { cwd: machine.home, stdio: "ignore" });
    const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
    await until(() => machine.exists("begun"), "the job begins");
    child.kill("SIGTERM");
    expect(await ended).to.equal(0);
    expect(machine.exists("done"), "the child finishes its job").to.equal(true);
  });

  // Docker's init sends the signal to all processes of its group, and ends the container when its first process ends.
  for (const [what, line] of [
    ["a command after others", "cd . && python3 w.py; echo more"],
    ["a pipe", "python3 w.py | sed 's/^/said: /'"],
  ] as const) {
    it(`has ${what} finish its job after SIGTERM`, async () => {
      machine.write(
        "w.py",
        'import signal, time\nsignal.signal(signal.SIGTERM, lambda *_: open("told", "w"))\n' +
          'open("begun", "w")\ntime.sleep(0.5)\nopen("done", "w")\n',
      );
      const [program, ...words] = services(`worker ${line}`)["blue-worker"]!.entrypoint;
      const child = spawn(program!, words, { cwd: machine.home, detached: true, stdio: "ignore" });
      const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
      await until(() => machine.exists("begun"), "the job begins");
      process.kill(-child.pid!, "SIGTERM");
      const status = await ended;
      expect(machine.exists("told"), "the signal arrives").to.equal(true);
      expect(machine.exists("done"), "the shell outlives the job").to.equal(true);
      expect(status).to.equal(143);
    });
  }
});
