import { expect } from "chai";
import { cutOverMachine } from "../support/cut-over-machine.ts";

describe("The cut-over to an app whose page is not what it should be", () => {
  const { machine, switchTo, state, deployed } = cutOverMachine();

  for (const [what, said, error, seconds] of [
    [
      "redirects",
      "status 301 https://app.example/login/",
      "the app answers GET /login with status 301 https://app.example/login/, not 200",
      5,
    ],
    ["does not exist", "status 404 ", "the app answers GET /login with status 404, not 200", 5],
    ["is an error", "status 500 ", "the app answers GET /login with status 500, not 200", 5],
    [
      "is slow",
      "no answer: Operation timed out after 5001 milliseconds with 0 bytes received",
      "the app does not answer GET /login 90 s after the start: no answer: Operation timed out after 5001 milliseconds with 0 bytes received",
      90,
    ],
  ] as const) {
    it(`keeps the old version when it ${what}, and says so after ${seconds} seconds`, () => {
      deployed("app:1");
      machine().write("health", `starting 0\n${said}\n`);
      const { status, stderr } = switchTo("app:2");
      expect(status).to.equal(1);
      expect(stderr.split("\n").slice(0, 2)).to.deep.equal([
        `error: ${error}.`,
        "       The version before goes on serving",
      ]);
      const settings = /\n +or set appHealthPath to a page .*;\n +or set appHealthStatus to /;
      if (seconds === 5) expect(stderr).to.match(settings);
      else expect(stderr).to.not.match(settings);
      expect(machine().log.match(/^sleep 1$/gm)).to.have.length(seconds);
      expect(state()).to.deep.equal({ up: ["blue"], serves: "blue\n" });
    });
  }
});
