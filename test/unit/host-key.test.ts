import { expect } from "chai";
import { execFileSync } from "node:child_process";
import type { Contact } from "../../deployer/first-contact.ts";
import { program, upstream, type Program } from "./program.ts";

const local = "command:local:Command";
const machines = [
  ["app", "app-machine", "198.18.0.64"],
  ["test", "test", "10.0.1.10"],
] as const;

describe("The servers' host keys", () => {
  let built: Program;
  const step = (server: "app" | "test", verb: "prepare" | "activate", of = built) =>
    of.one(local, `${server}-own-host-key-${verb}`);
  const contact = (...args: Parameters<typeof step>) =>
    JSON.parse(step(...args).inputs.stdin) as Contact;
  before(async () => {
    built = await program();
  });

  for (const [server, machine, address] of machines) {
    it(`are read over a connection that accepts the first-contact key: ${server}`, () => {
      const { inputs, secretInputs } = step(server, "prepare");
      expect(inputs.create).to.equal("node deployer/first-contact.ts prepare");
      expect(secretInputs).to.deep.equal(["stdin"]);
      expect(contact(server, "prepare")).to.deep.include({
        server,
        address,
        stack: "dev",
        user: "admin",
        instanceId: `flask-on-aws-dev-${machine}-id`,
        firstContactKey: `ssh-ed25519 PUBLIC+flask-on-aws-dev-${machine}-host-key`,
        privateKey: "-----BEGIN KEY-----\nflask-on-aws-dev-admin-key\n-----END KEY-----\n",
        access: {
          group: "flask-on-aws-dev-app-id",
          ownAddress: true,
          networks: ["203.0.113.7/32"],
          account: { region: "us-west-2" },
        },
      });
    });

    it(`are in the state before the server activates them: ${server}`, () => {
      const { inputs, secretInputs } = step(server, "activate");
      expect(inputs.create).to.equal("node deployer/first-contact.ts activate");
      expect(secretInputs).to.deep.equal(["stdin"]);
      expect(contact(server, "activate")).to.deep.equal({
        ...contact(server, "prepare"),
        ownKey: `ssh-ed25519 PUBLIC+flask-on-aws-dev-${server}-own-host-key-prepare`,
      });
    });

    it(`are read once per instance, and an update keeps them: ${server}`, () => {
      for (const verb of ["prepare", "activate"] as const) {
        const { triggers, update, ...inputs } = step(server, verb).inputs;
        expect(triggers).to.deep.equal([`flask-on-aws-dev-${machine}-id`]);
        // By default the plugin passes the earlier output to an update in its environment.
        expect(Object.keys(inputs)).to.have.members(["create", "stdin"]);
        const env = { PULUMI_COMMAND_STDOUT: "ssh-ed25519 AAAA+/=" };
        const printed = execFileSync("/bin/sh", ["-c", update as string], { env });
        expect(printed.toString()).to.equal("ssh-ed25519 AAAA+/=\n");
      }
    });
  }

  it("become outputs, and the app server's key secures the jump to the test server", () => {
    for (const [server] of machines) {
      expect(built.outputs[`${server}ServerHostKey`]).to.deep.equal({
        value: `ssh-ed25519 PUBLIC+flask-on-aws-dev-${server}-own-host-key-activate`,
        secret: false,
      });
    }
    expect(contact("app", "prepare")).to.not.have.property("jump");
    expect(contact("test", "prepare").jump).to.deep.equal({
      address: "198.18.0.64",
      user: "admin",
      hostKey: "ssh-ed25519 PUBLIC+flask-on-aws-dev-app-own-host-key-activate",
    });
  });

  it("are read after the Elastic IP is associated, without waiting for the database", () => {
    for (const [server] of machines) {
      const before = upstream(built, `${local} flask-on-aws-dev-${server}-own-host-key-prepare`);
      expect(before).to.include("aws:ec2/eipAssociation:EipAssociation flask-on-aws-dev-app");
      expect(before).to.not.include("aws:rds/instance:Instance flask-on-aws-dev-database");
    }
  });

  it("are activated before the release checks whether SSH answers", () => {
    const before = upstream(built, `${local} flask-on-aws-dev-release-reach`);
    expect(before).to.include(`${local} flask-on-aws-dev-app-own-host-key-activate`);
  });
});
