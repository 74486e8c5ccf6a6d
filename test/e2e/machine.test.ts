import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { userData } from "../../compute/user-data.ts";
import { run, succeed } from "../../lab/support/lab.ts";

const docker = async (...args: string[]) => (await succeed("docker", args)).trim();
const image = async (name: string) => (await succeed("lab/images/name", [name])).trim();

const capabilities = readFileSync("lab/controller/capabilities", "utf8").trim().split("\n");
const flags = [
  ...["--detach", "--stop-timeout=40", "--tmpfs=/run:exec,mode=755", "--volume=/var/lib/docker"],
  ...["--security-opt=seccomp=unconfined", "--security-opt=apparmor=unconfined"],
  ...["--cgroupns=host", "--volume=/sys/fs/cgroup:/sys/fs/cgroup:rw"],
  ...capabilities.map((capability) => `--cap-add=${capability}`),
  ...["--label", `flask-on-aws.lab=${process.env.LAB_HOME}`],
];

describe("The instance image", function () {
  this.timeout(300_000);

  let work: string;
  let machine: string;
  let packages: string[];
  const started: string[] = [];
  async function start(...args: string[]): Promise<string> {
    const id = await docker("run", ...flags, ...args);
    started.push(id);
    return id;
  }

  /**
   * Both containers share one network: the instance finds the metadata service there, and the test logs in there. So
   * the instance's requests come from the service's own address.
   */
  before(async () => {
    work = await mkdtemp(join(tmpdir(), "machine-"));
    for (const key of ["host", "login"])
      execFileSync("ssh-keygen", ["-qt", "ed25519", "-N", "", "-f", join(work, key)]);
    const read = (name: string) => readFile(join(work, name), "utf8");
    const hostKey = { privateKey: await read("host"), publicKey: (await read("host.pub")).trim() };
    const [heading, ...config] = userData({
      loginUser: "admin",
      hostKey,
      authorizedKeys: [],
    }).split("\n");
    const document = JSON.parse(config.join("\n")) as { packages: string[]; runcmd: string[][] };
    packages = document.packages;
    document.runcmd.push(["sh", "-c", "echo ran >> /root/ran"]);
    const instance = {
      tokensRequired: true,
      userData: Buffer.from(`${heading}\n${JSON.stringify(document)}`).toString("base64"),
      tree: {
        "meta-data/instance-id": "i-1",
        "meta-data/local-hostname": "ip-10-0-0-10.us-west-2.compute.internal",
        // cloud-init warns where it finds no network interface here.
        "meta-data/network/interfaces/macs/02:00:00:00:00:01/device-number": "0",
        "meta-data/placement/availability-zone": "us-west-2a",
        "meta-data/public-keys/0/openssh-key": await read("login.pub"),
        "dynamic/instance-identity/document": JSON.stringify({ instanceId: "i-1" }),
      },
    };
    await writeFile(join(work, "metadata.json"), JSON.stringify({ "169.254.169.254": instance }));
    await writeFile(join(work, "known_hosts"), `127.0.0.1 ${hostKey.publicKey}\n`);
    const serve =
      "for a in 169.254.169.254 169.254.170.2; do ip address add $a/32 dev lo; done; exec python3 /net/metadata.py /keys/metadata.json";
    const volumes = [
      "--volume",
      `${work}:/keys:ro`,
      "--volume",
      `${process.cwd()}/lab/controller/net:/net:ro`,
    ];
    const service = await start(...volumes, await image("net"), "sh", "-c", serve);
    machine = await start("--network", `container:${service}`, await image("machine"));
    await sshUntil("true");
  });
  after(async () => {
    if (started.length > 0) await docker("rm", "--force", "--volumes", ...started);
    await rm(work, { recursive: true });
  });

  const ssh = (command: string) => {
    const options = [
      "BatchMode=yes",
      "UserKnownHostsFile=/keys/known_hosts",
      "HostKeyAlgorithms=ssh-ed25519",
    ];
    const login = [
      "-i",
      "/keys/login",
      ...options.flatMap((option) => ["-o", option]),
      "admin@127.0.0.1",
    ];
    return run("docker", ["exec", started[0]!, "ssh", ...login, command]);
  };
  /** Repeats the command over SSH twice a second until it succeeds, for at most 90 s. */
  async function sshUntil(command: string): Promise<string> {
    for (let asked = 0; ; asked++) {
      const { status, stdout, stderr } = await ssh(command);
      if (status === 0) return stdout;
      if (asked === 180) throw new Error(`${command}: ${stderr}\n${await docker("logs", machine)}`);
      await sleep(500);
    }
  }

  it("accepts a login with the key pair and has the host key of its user data", async () => {
    expect((await ssh("whoami; hostname --fqdn; cloud-id")).stdout).to.equal(
      "admin\nip-10-0-0-10.us-west-2.compute.internal\naws\n",
    );
  });

  it("has the packages of its user data in apt's cache", async () => {
    const script = "ls /var/cache/apt/archives; dpkg-query --show --showformat '${Package}_\\n'";
    const there = await docker("run", "--rm", await image("machine"), "sh", "-c", script);
    for (const name of packages) expect(there).to.match(new RegExp(`^${name}_`, "m"));
  });

  it("runs its user data, which installs Docker and the clients of AWS and MySQL", async () => {
    const { status, stdout } = await ssh("cloud-init status --wait --long");
    expect(status, stdout).to.equal(0);
    const uses = "docker ps && docker-compose version && aws --version && mysqldump --version";
    expect((await ssh(uses)).status).to.equal(0);
  });

  it("controls its services with systemctl", async () => {
    const units = "systemctl is-active docker nothing ssh; systemctl is-enabled docker";
    expect((await ssh(units)).stdout).to.equal("active\ninactive\nactive\nenabled\n");
    expect((await ssh("sudo systemctl restart cron && systemctl is-active cron")).stdout).to.match(
      /active\n$/,
    );
    expect((await ssh("systemctl mask cron")).stderr).to.include("systemd does not run");
  });

  it("changes to its own host key, which later boots keep", async () => {
    const input = await readFile("scripts/host-key.sh", "utf8");
    const step = (verb: string) =>
      succeed("docker", ["exec", "--interactive", machine, "bash", "-s", "--", verb, "i-1"], {
        input,
      });
    const own = (await step("prepare")).trim();
    await step("activate");
    // From here on only this key is accepted, also after the boots of the next tests.
    await writeFile(join(work, "known_hosts"), `127.0.0.1 ${own}\n`);
    await sshUntil("true");
  });

  for (const how of [["restart"], ["kill", "start"]]) {
    it(`restarts its containers after docker ${how.join(" and ")}, but does not repeat its user data`, async () => {
      if (how[0] === "restart") {
        const caddy = await image("caddy");
        const load = `docker save ${caddy} | docker exec -i ${machine} docker load`;
        await succeed("bash", ["-c", load]);
        await docker(
          "exec",
          machine,
          "docker",
          "run",
          "-d",
          "--name=web",
          "--restart=always",
          caddy,
        );
      }
      for (const verb of how) await docker(verb, machine);
      expect(await sshUntil("docker ps --format '{{.Names}}' | grep web")).to.equal("web\n");
      expect((await ssh("cloud-init status --wait; sudo cat /root/ran")).stdout).to.match(
        /done\nran\n$/,
      );
    });
  }

  it("waits for its network, and can be stopped while it waits", async () => {
    const id = await start("--network=none", await image("machine"));
    // The message comes after 5 s.
    await sleep(6000);
    expect(await docker("logs", id)).to.match(/waiting for eth0/);
    const began = Date.now();
    await docker("stop", id);
    expect(Date.now() - began).to.be.below(20_000);
    expect(await docker("inspect", "--format", "{{.State.ExitCode}}", id)).to.equal("0");
  });
});
