/** The texts that are written to the app server, and how a shell takes them. */
import { expect } from "chai";
import fc from "fast-check";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appEnvironment } from "../../deployer/environment.ts";
import { installation, quote } from "../../deployer/shell.ts";

const printable = fc.string({
  unit: fc.integer({ min: 32, max: 126 }).map((n) => String.fromCharCode(n)),
});

const noOwn = { variables: {}, secrets: {} };

describe("The app's settings file", () => {
  const settings = (password: string) =>
    appEnvironment({
      database: {
        host: "db.example",
        port: 3306,
        schema: "appdb",
        user: "app",
        password,
        certificates: "/opt/ca.pem",
      },
      secretKey: "0123",
      ...noOwn,
    });
  const url = "mysql+pymysql://app:p%40ss%3Aw%2Frd%231%25@db.example:3306/appdb?ssl_ca=/opt/ca.pem";

  it("contains the variables that the app reads", () => {
    expect(settings("p@ss:w/rd#1%")).to.equal(
      [
        "DEBUG=False",
        "SECRET_KEY=0123",
        "ASSETS_ROOT=/static/assets",
        "DB_ENGINE=mysql+pymysql",
        "DB_HOST=db.example",
        "DB_PORT=3306",
        "DB_NAME=appdb?ssl_ca=/opt/ca.pem",
        "DB_USERNAME=app",
        "DB_PASS=p%40ss%3Aw%2Frd%231%25",
        `DATABASE_URL=${url}`,
        `SQLALCHEMY_DATABASE_URI=${url}`,
        "",
      ].join("\n"),
    );
  });

  it("names no database where the app has none", () => {
    const text = appEnvironment({ database: undefined, secretKey: "0123", ...noOwn });
    expect(text).to.equal("DEBUG=False\nSECRET_KEY=0123\nASSETS_ROOT=/static/assets\n");
  });

  it("has the app's own variables, which win over the defaults, and names those that are secret", () => {
    const text = appEnvironment({
      database: undefined,
      secretKey: "0123",
      variables: { DEBUG: "True", EMPTY: "", GREETING: " it's #1 é ", URL: "http://a:1/?b=c@d" },
      secrets: { KEY: '\\ " $HOME ${A}', PEM: "a\r\nb\n" },
    });
    expect(text.split("\n")).to.deep.equal([
      "# secrets: KEY PEM",
      "DEBUG=True",
      "SECRET_KEY=0123",
      "ASSETS_ROOT=/static/assets",
      "EMPTY=",
      `GREETING=" it's #1 é "`,
      "URL=http://a:1/?b=c@d",
      String.raw`KEY="\\ \" \$HOME \${A}"`,
      String.raw`PEM="a\r\nb\n"`,
      "",
    ]);
  });

  it("encodes any printable password in characters that are safe in .env files and URIs", () => {
    fc.assert(
      fc.property(printable, (password) => {
        const value = /^DB_PASS=(.*)$/m.exec(settings(password))![1]!;
        expect(decodeURIComponent(value)).to.equal(password);
        expect(value).to.match(/^[\w.~%-]*$/);
        const address = new URL(/^DATABASE_URL=(.*)$/m.exec(settings(password))![1]!);
        expect(decodeURIComponent(address.password)).to.equal(password);
        expect(address.host + address.pathname).to.equal("db.example:3306/appdb");
      }),
    );
  });
});

describe("The shell helpers", () => {
  it("quote any printable word so that a shell passes it on unchanged", () => {
    fc.assert(
      fc.property(printable, (word) => {
        const echoed = execFileSync("bash", ["-c", `printf %s ${quote(word)}`], {
          encoding: "utf8",
        });
        expect(echoed).to.equal(word);
      }),
      { numRuns: 30 },
    );
  });

  it("install files unchanged, make scripts executable and replace old files", () => {
    const home = mkdtempSync(join(tmpdir(), "installation-"));
    try {
      // Some computers that run the tests have no sudo.
      writeFileSync(join(home, "sudo"), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 });
      const install = (text: string) =>
        execFileSync("bash", ["-s"], {
          input: installation(join(home, "a b/bin"), [
            { name: "run.sh", text },
            { name: "data.yml", text: "$HOME `x` \\n '\n" },
          ]),
          env: { ...process.env, PATH: `${home}:${process.env.PATH}` },
        });
      install("#!/bin/sh\necho old\n");
      install("#!/bin/sh\necho new\n");
      const file = (name: string) => join(home, "a b/bin", name);
      expect(execFileSync(file("run.sh"), { encoding: "utf8" })).to.equal("new\n");
      expect(readFileSync(file("data.yml"), "utf8")).to.equal("$HOME `x` \\n '\n");
      expect(statSync(file("run.sh")).mode & 0o777).to.equal(0o755);
      expect(statSync(file("data.yml")).mode & 0o777).to.equal(0o644);
    } finally {
      rmSync(home, { recursive: true });
    }
  });
});
