import { expect } from "chai";
import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** The scheduler is a pure function in Python, and so are its tests. */
describe("lab/api/ecs/scheduler.py", function () {
  this.timeout(60_000);

  it("passes its own tests", () => {
    const modules = ["deployments", "healing", "invariants", "scaling"].map(
      (name) => `test_${name}`,
    );
    const python = join(process.env.LAB_VENV!, "bin/python");
    const PYTHONPATH = join(import.meta.dirname, "../../../lab/api");
    const { stderr, status } = spawnSync(python, ["-m", "unittest", "-v", ...modules], {
      cwd: join(import.meta.dirname, "ecs"),
      env: { ...process.env, PYTHONPATH },
      encoding: "utf8",
    });
    expect(status, stderr).to.equal(0);
    expect(stderr).to.match(/^Ran [45]\d tests/m);
  });
});
