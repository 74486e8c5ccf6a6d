import { expect } from "chai";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checks, examine } from "../../tools/doctor.ts";

const root = join(import.meta.dirname, "../..");

/** What tools/look says on a machine that has everything, its lab up. */
const good: Readonly<Record<string, string>> = {
  system: "Linux aarch64",
  node: "v22.0.0, /usr/bin/node",
  packages: "as package.json wants them",
  pulumi: "v3.249.0, /usr/bin/pulumi",
  git: "git version 2.47.3, /usr/bin/git",
  ssh: "OpenSSH_10.0p2 Debian-7, /usr/bin/ssh",
  "ssh-keygen": "/usr/bin/ssh-keygen",
  openssl: "OpenSSL 3.5.1 1 Jul 2025, /usr/bin/openssl",
  credentials: "AWS_ACCESS_KEY_ID; not asked of AWS",
  region: "us-west-2",
  docker: "26.1.5",
  "cache-disk": "500 MB free, 500 MB needed",
  "docker-disk": "90000 MB free, 3000 MB needed",
  lab: "up",
  stack: "14 outputs",
};

/** The checks that are in a state on a good machine with these changes. */
const found = (state: string, changes: Record<string, string | undefined> = {}) => {
  const seen: Record<string, string | undefined> = { ...good, ...changes };
  return examine((name) => seen[name]).filter((each) => each.state === state);
};
const names = (...of: Parameters<typeof found>) => found(...of).map(({ name }) => name);

describe("The doctor", () => {
  it("finds nothing bad on a good machine, and does not ask AWS", () => {
    expect(names("bad")).to.deep.equal([]);
    expect(names("skipped")).to.deep.equal(["credentials"]);
    expect(names("ok")).to.have.length(14);
  });

  const bad: [name: string, seen: string | undefined][] = [
    ["node", "v20.19.2, /usr/bin/node"],
    ["node", undefined],
    ["packages", undefined],
    ["pulumi", "v3.99.0, /usr/bin/pulumi"],
    ["pulumi", "v3.248.9, /usr/bin/pulumi"],
    ["git", undefined],
    ["ssh", "OpenSSH_8.4p1 Debian-5, /usr/bin/ssh"],
    ["ssh-keygen", undefined],
    ["openssl", undefined],
    ["region", ""],
    ["docker", undefined],
    ["cache-disk", "3999 MB free, 4000 MB needed"],
    ["docker-disk", "2999 MB free, 3000 MB needed"],
    ["stack", undefined],
  ];
  for (const [name, seen] of bad) {
    it(`finds ${name} bad if it is ${seen ?? "not there"}, with a remedy`, () => {
      const [only, ...others] = found("bad", { [name]: seen });
      expect(others).to.deep.equal([]);
      expect(only?.name).to.equal(name);
      expect(only!.lines[0]).to.match(/^bad {6}\S.*: \S?/);
      expect(only!.lines[1]).to.match(/^ {9}remedy: \S/);
    });
  }

  it("takes a lab that is down, and a stack that is not deployed, for no fault", () => {
    const down = { lab: "down, lab/up starts it", stack: "not asked, the lab is down" };
    expect(names("bad", down)).to.deep.equal([]);
    expect(names("skipped", down)).to.deep.equal(["credentials", "lab", "stack"]);
    expect(names("skipped", { stack: "0 outputs" })).to.deep.equal(["credentials", "stack"]);
  });

  it("asks for nothing of the lab's where there is no Linux", () => {
    const mac = { system: "Darwin arm64", docker: undefined, "cache-disk": undefined };
    expect(names("bad", mac)).to.deep.equal([]);
    const lab = ["docker", "cache-disk", "docker-disk", "lab"];
    expect(names("skipped", mac)).to.have.members(["system", "credentials", ...lab]);
  });

  it("keeps its lines to 100 columns and one check to one line", () => {
    for (const { lines } of examine(() => "x".repeat(200))) {
      expect(lines).to.have.length.within(1, 2);
      for (const line of lines) expect(line.length).to.be.at.most(100);
    }
  });

  describe("looks", () => {
    let home: string;
    before(() => (home = mkdtempSync(join(tmpdir(), "doctor-"))));
    after(() => rmSync(home, { recursive: true }));
    const look = (name: string, env: NodeJS.ProcessEnv = {}) => {
      const run = spawnSync(join(root, "tools/look"), [name], {
        encoding: "utf8",
        env: { PATH: process.env.PATH, HOME: home, LAB_NAME: "doctor", ...env },
      });
      return run.status === 0 ? run.stdout.trim() : undefined;
    };

    it("for each check", () => {
      const cases = readFileSync(join(root, "tools/look"), "utf8").match(/^[a-z-]+(?=\) )/gm);
      expect(cases).to.have.members(checks.map(({ name }) => name));
      expect(Object.keys(good)).to.have.members(cases!);
    });

    it("for programs on PATH, and fails where there is none", () => {
      expect(look("git")).to.match(/^git version [\d.]+, \/.*git$/);
      expect(look("region")).to.equal("us-west-2");
      for (const needed of ["bash", "dirname"])
        symlinkSync(`/usr/bin/${needed}`, join(home, needed));
      expect(look("region", { PATH: home })).to.equal(undefined);
      expect(look("git", { PATH: home })).to.equal(undefined);
    });

    it("for credentials by name alone", () => {
      expect(look("credentials")).to.equal("none, and the lab needs none; not asked of AWS");
      const key = look("credentials", { AWS_ACCESS_KEY_ID: "sesame" });
      expect(key).to.equal("AWS_ACCESS_KEY_ID; not asked of AWS");
    });

    it("at no lab that is down, and at no engine of another machine", () => {
      expect(look("lab")).to.equal("down, lab/up starts it");
      // Not the lab's own, which would start it if the look were wrong.
      const stack = look("stack", { PULUMI: join(home, "lab/pulumi") });
      expect(stack).to.equal("not asked, the lab is down");
      expect(existsSync(join(root, ".lab/doctor"))).to.equal(false);
      expect(look("docker", { DOCKER_HOST: "tcp://198.18.0.1:2375" })).to.equal(undefined);
    });

    it("at the stack of the CLI that PULUMI names", () => {
      expect(look("stack", { PULUMI: "/bin/false" })).to.equal(undefined);
    });
  });
});
