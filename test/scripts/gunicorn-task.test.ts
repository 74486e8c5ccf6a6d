import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { TasksMachine } from "../support/tasks-machine.ts";

/** Stands for werkzeug's: gives the app what it was told to trust. */
const proxyFix = `class ProxyFix:
    def __init__(self, app, **trusted):
        self.app, self.trusted = app, trusted
    def __call__(self, *given):
        return self.app(*given, self.trusted)
`;

describe("gunicorn in a task", () => {
  let machine: TasksMachine;
  beforeEach(() => {
    machine = new TasksMachine();
    machine.write("werkzeug/__init__.py", "");
    machine.write("werkzeug/middleware/__init__.py", "");
    machine.write("werkzeug/middleware/proxy_fix.py", proxyFix);
  });
  afterEach(() => machine.remove());

  /** What a program prints that has an `app`, and serves by `worker.wsgi` what gunicorn would. */
  const printed = (app: string, program: string): string => {
    const begin = `import io, sys, threading, time
sys.path[:0] = ["${machine.home}", "${machine.root}/bin"]
import gunicorn_task
class worker: pass
`;
    const loaded = "worker.wsgi = staticmethod(app)\ngunicorn_task.post_worker_init(worker)\n";
    machine.write("run.py", `${begin}${app}${loaded}${program}`);
    return execFileSync("python3", ["-B", `${machine.home}/run.py`], {
      encoding: "utf8",
      timeout: 10_000,
    });
  };

  it("gives the app the client's address and scheme, and clients HSTS and Secure cookies", () => {
    const app = `def app(environ, start_response, trusted):
    cookies = [("Set-Cookie", "a=1"), ("set-cookie", "b=2; secure"), ("strict-transport-security", "x")]
    start_response("200 OK", cookies)
    return [str(trusted).encode()]
`;
    const program =
      "print(list(worker.wsgi({}, lambda status, headers: print(status, headers))))\n";
    expect(printed(app, program)).to.equal(
      "200 OK [('Set-Cookie', 'a=1; Secure'), ('set-cookie', 'b=2; secure'), " +
        "('Strict-Transport-Security', 'max-age=31536000')]\n[b\"{'x_for': 1, 'x_proto': 1}\"]\n",
    );
  });

  it("gives the app one request at a time, with the answer to its end", () => {
    const app = `now = most = closed = 0
class Answer:
    def __iter__(self):
        global now, most
        now += 1
        most = max(most, now)
        time.sleep(0.05)
        yield b"one "
        yield b"two"
        now -= 1
    def close(self):
        global closed
        closed += 1
def app(environ, start_response, trusted):
    start_response("200 OK", [])
    return Answer()
`;
    const program = `bodies = []
def visit(): bodies.append(b"".join(worker.wsgi({}, lambda status, headers: None)))
visitors = [threading.Thread(target=visit) for _ in range(4)]
for each in visitors: each.start()
for each in visitors: each.join()
print(most, closed, set(bodies))
`;
    expect(printed(app, program)).to.equal("1 4 {b'one two'}\n");
  });

  it("reads the request of a slow client before the app gets it, but no large one", () => {
    const app = `def app(environ, start_response, trusted):
    start_response("200 OK", [])
    return [b"%d" % len(environ["wsgi.input"].read(3))]
`;
    const program = `arrived = threading.Event()
class Slow(io.BytesIO):
    def read(self, size=-1):
        arrived.wait(5)
        return super().read(size)
def visit(environ): return b"".join(worker.wsgi(environ, lambda status, headers: None))
slow = threading.Thread(target=lambda: print("slow", visit({"CONTENT_LENGTH": "3", "wsgi.input": Slow(b"abc")})))
slow.start()
print("other", visit({"CONTENT_LENGTH": "", "wsgi.input": io.BytesIO(b"")}), flush=True)
arrived.set()
slow.join()
class Large:
    def read(self, size):
        print("read", size)
        return b"x" * size
print("large", visit({"CONTENT_LENGTH": str(2**20 + 1), "wsgi.input": Large()}))
`;
    expect(printed(app, program)).to.equal("other b'0'\nslow b'3'\nread 3\nlarge b'3'\n");
  });

  it("gives an answer that is larger than its memory for it", () => {
    const app = `def app(environ, start_response, trusted):
    start_response("200 OK", [])
    return (b"x" * 1000 for _ in range(3000))
`;
    const program = "print(sum(map(len, worker.wsgi({}, lambda status, headers: None))))\n";
    expect(printed(app, program)).to.equal("3000000\n");
  });
});
