import { expect } from "chai";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checks, examine, type Purpose } from "../../tools/doctor.ts";

const root = join(import.meta.dirname, "../..");

/** What tools/probes prints on a computer that has everything and runs the lab. */
const good: Readonly<Record<string, string>> = {
  system: "Linux aarch64",
  node: "v22.18.0, /usr/bin/node",
  pulumi: "v3.249.0, /usr/bin/pulumi",
  toolchain: "go version go1.26.8 linux/arm64, /usr/bin/go",
  git: "git version 2.47.3, /usr/bin/git",
  ssh: "OpenSSH_10.0p2 Debian-7, /usr/bin/ssh",
  "ssh-keygen": "/usr/bin/ssh-keygen",
  "ssh-agent": "answers at /run/agent, has no keys",
  openssl: "OpenSSL 3.5.1 1 Jul 2025, /usr/bin/openssl",
  credentials: "AWS_ACCESS_KEY_ID; not asked of AWS",
  region: "us-west-2",
  docker: "26.1.5",
  "cache-disk": "500 MB free, 500 MB needed",
  "docker-disk": "90000 MB free, 3000 MB needed",
  lab: "up",
  stack: "14 outputs",
};

/** The doctor's result on such a computer with these changes. */
const examined = (changes: Record<string, string | undefined> = {}) => {
  const seen: Record<string, string | undefined> = { ...good, ...changes };
  return examine((name) => seen[name]);
};

describe("The doctor", () => {
  it("finds everything for AWS and the lab on a complete computer", () => {
    const { missing, lines } = examined();
    expect(missing).to.deep.equal({ AWS: [], "the lab": [] });
    const [ok, end] = [lines.slice(0, -3), lines.slice(-3)];
    expect(ok).to.have.length(16);
    for (const line of ok) expect(line).to.match(/^ok {7}\S/);
    expect(end).to.deep.equal(["", "For AWS all is there.", "For the lab all is there."]);
  });

  const both: Purpose[] = ["AWS", "the lab"];
  const bad: [name: string, seen: string | undefined, purposes: Purpose[]][] = [
    ["git", undefined, both],
    ["ssh", "OpenSSH_8.4p1 Debian-5, /usr/bin/ssh", both],
    ["ssh-keygen", undefined, both],
    ["ssh-agent", "dead at /run/agent", both],
    ["openssl", undefined, both],
    ["region", "", both],
    ["stack", undefined, both],
    ["node", "v20.19.2, /usr/bin/node", ["AWS"]],
    ["node", undefined, ["AWS"]],
    ["pulumi", "v3.99.0, /usr/bin/pulumi", ["AWS"]],
    ["pulumi", "v3.248.9, /usr/bin/pulumi", ["AWS"]],
    ["credentials", undefined, ["AWS"]],
    ["system", "Darwin arm64", ["the lab"]],
    ["toolchain", undefined, ["the lab"]],
    ["docker", undefined, ["the lab"]],
    ["cache-disk", "3999 MB free, 4000 MB needed", ["the lab"]],
    ["docker-disk", "2999 MB free, 3000 MB needed", ["the lab"]],
    ["lab", undefined, ["the lab"]],
  ];
  for (const [name, seen, purposes] of bad) {
    it(`reports ${name} as missing for ${purposes.join(" and ")}: ${seen ?? "absent"}`, () => {
      const { missing, lines } = examined({ [name]: seen });
      for (const purpose of both)
        expect(missing[purpose]).to.deep.equal(purposes.includes(purpose) ? [name] : []);
      const at = lines.findIndex((line) => line.startsWith("missing"));
      expect(lines[at]).to.match(/^missing {2}\S.*: \S?/);
      expect(lines[at + 1]).to.match(/^ {9}remedy: \S/);
      expect(lines).to.include(`For ${purposes[0]} is missing: ${name}`);
    });
  }

  it("prints one line for each check, with at most 100 columns", () => {
    const { lines } = examine(() => "x".repeat(200));
    expect(lines.filter((line) => /^(ok|missing) /.test(line))).to.have.length(checks.length);
    for (const line of lines) expect(line.length).to.be.at.most(100);
  });

  describe("has probes", () => {
    let home: string;
    before(() => (home = mkdtempSync(join(tmpdir(), "doctor-"))));
    after(() => rmSync(home, { recursive: true }));
    const probe = (name: string, env: NodeJS.ProcessEnv = {}) => {
      const run = spawnSync(join(root, "tools/probes"), [name], {
        encoding: "utf8",
        env: { PATH: process.env.PATH, HOME: home, LAB_NAME: "doctor", ...env },
      });
      return run.status === 0 ? run.stdout.trim() : undefined;
    };

    it("for each check", () => {
      const cases = readFileSync(join(root, "tools/probes"), "utf8").match(/^[a-z-]+(?=\) )/gm);
      expect(cases).to.have.members(checks.map(({ name }) => name));
      expect(Object.keys(good)).to.have.members(cases!);
    });

    it("that find programs on PATH, and fail when PATH lacks them", () => {
      expect(probe("git")).to.match(/^git version [\d.]+, \/.*git$/);
      expect(probe("region")).to.equal("us-west-2");
      for (const needed of ["bash", "dirname"])
        symlinkSync(`/usr/bin/${needed}`, join(home, needed));
      expect(probe("region", { PATH: home })).to.equal(undefined);
      expect(probe("git", { PATH: home })).to.equal(undefined);
    });

    /** PATH with a docker, a pulumi and a uname that print what is expected. */
    const withFakes = () => {
      const fakes = join(home, "fakes");
      mkdirSync(fakes, { recursive: true });
      const docker = `case $* in *ServerVersion*) echo 26.1.5 ;; *DockerRootDir*) echo / ;; esac`;
      const uname = "case $1 in -s) echo Linux ;; *) echo Linux aarch64 ;; esac";
      const texts = { docker, pulumi: "echo v3.249.0", uname };
      for (const [name, text] of Object.entries(texts))
        writeFileSync(join(fakes, name), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
      return { PATH: `${fakes}:${process.env.PATH}` };
    };

    it("that print what the checks accept", () => {
      const others = ["git", "ssh", "ssh-keygen", "ssh-agent", "openssl", "region", "node"];
      for (const name of ["system", "pulumi", "docker", ...others]) {
        const seen = probe(name, withFakes());
        expect(seen, name).to.be.a("string");
        expect(checks.find((each) => each.name === name)!.check(seen!), seen).to.equal(true);
      }
      for (const name of ["cache-disk", "docker-disk"])
        expect(probe(name, withFakes())).to.match(/^\d+ MB free, [36]000 MB needed$/);
    });

    it("that report credentials only by name", () => {
      expect(probe("credentials")).to.equal(undefined);
      const key = probe("credentials", { AWS_ACCESS_KEY_ID: "sesame" });
      expect(key).to.equal("AWS_ACCESS_KEY_ID; not asked of AWS");
    });

    it("that report an unset SSH_AUTH_SOCK, and an agent that does not answer", () => {
      expect(probe("ssh-agent")).to.equal("SSH_AUTH_SOCK is not set");
      const socket = join(home, "no-agent");
      expect(probe("ssh-agent", { SSH_AUTH_SOCK: socket })).to.equal(`dead at ${socket}`);
    });

    it("that do not start the lab, and that refuse a Docker engine on another host", () => {
      expect(probe("lab")).to.equal("down, lab/up starts it");
      expect(probe("stack")).to.equal("not asked, the lab is down");
      expect(existsSync(join(root, ".lab/doctor"))).to.equal(false);
      const remote = { ...withFakes(), DOCKER_HOST: "tcp://198.18.0.1:2375" };
      for (const name of ["docker", "docker-disk"]) {
        expect(probe(name, { ...remote, DOCKER_HOST: "unix:///run/docker.sock" })).to.match(/^\d/);
        expect(probe(name, remote)).to.equal(undefined);
      }
    });

    it("that find a lab that is up", async () => {
      const lab = join(root, ".lab/doctor-up");
      const services: ChildProcess[] = [];
      const start = (name: string, program: string) => {
        const env = { LAB_SERVICE: `${lab}:${name}` };
        const child = spawn(process.execPath, ["--eval", program], { env });
        services.push(child);
        return once(child.stdout, "data") as Promise<[Buffer]>;
      };
      mkdirSync(lab, { recursive: true });
      try {
        const [port] = await start(
          "api",
          `const server = http.createServer((_, answer) => answer.end());
          server.listen(0, "127.0.0.1", () => console.log(server.address().port))`,
        );
        await start("controller", "setInterval(() => {}, 1e6); console.log()");
        writeFileSync(join(lab, "subnet"), `7 ${port.toString()}`);
        expect(probe("lab", { LAB_NAME: "doctor-up" })).to.equal("down, lab/up starts it");
        writeFileSync(join(lab, "controller.ready"), "");
        expect(probe("lab", { LAB_NAME: "doctor-up" })).to.equal("up");
      } finally {
        for (const child of services) child.kill();
        rmSync(lab, { recursive: true });
      }
    });
  });
});
