import { expect } from "chai";
import fc from "fast-check";
import { formatCidr } from "../../network/cidr.ts";
import { z } from "zod";
import { schema, secretSchema } from "../../settings/schema.ts";
import { readSettings, type Settings } from "../../settings/settings.ts";
import { configure, problemsWith, projectFile, settingsOfStack } from "./config.ts";
import { registrations } from "./mocks.ts";

async function settingsWith(settings: Record<string, unknown> = {}): Promise<Settings> {
  configure(settings);
  return (await registrations(readSettings)).result;
}

describe("Settings", () => {
  it("are valid when the stack sets nothing", async () => {
    const settings = await settingsWith({ adminCidrs: [] });
    expect(settings.adminCidrs).to.deep.equal([]);
    expect(settings.allowOwnAddress).to.equal(true);
    expect(settings.region).to.equal("us-west-2");
    expect(formatCidr(settings.vpcCidr)).to.equal("10.0.0.0/16");
    expect(settings.machineImage.loginUser).to.equal("admin");
    expect(settings.databaseAllocatedStorage).to.equal(20);
    expect(settings.protectData).to.equal(true);
  });

  it("each have a type, a description and a default", async () => {
    for (const [key, declared] of Object.entries(projectFile.config)) {
      if (key.startsWith("aws:")) continue; // keys of other namespaces can only have a value
      expect(declared, key).to.include.all.keys("type", "description", "default");
    }
    const { region, ...others } = await settingsWith();
    expect(region).to.equal("us-west-2");
    const keys = ["aws:region", ...Object.keys(others)];
    expect(Object.keys(projectFile.config)).to.have.members(keys);
  });

  it("have the same types in Pulumi.yaml as in the schema", () => {
    const fields = { ...schema.shape, ...secretSchema.shape };
    const types = Object.entries(fields).map(([key, field]) => {
      const { type, items } = z.toJSONSchema(field, {
        io: "input",
      }) as z.core.JSONSchema.BaseSchema;
      return [key, items ? { type, items: { type: (items as { type: string }).type } } : { type }];
    });
    const declared = Object.entries(projectFile.config)
      .filter(([key]) => key !== "aws:region")
      .map(([key, { type, items }]) => [key, items ? { type, items } : { type }]);
    expect(Object.fromEntries(types)).to.deep.equal(Object.fromEntries(declared));
  });

  it("accept directories of the app, of data and of other layouts as appFiles", async () => {
    for (const appFiles of [
      ...["/app/uploads", "/app/static/.uploads", "/data", "/uploads", "/srv/files", "/mnt/a"],
      ...["/usr/src/app/media", "/var/lib/shop", "/var/www/shop", "/home/app/web/media"],
      ...["/library", "/binary", "/opt/shop/media", `/${"a".repeat(99)}`],
    ])
      expect((await settingsWith({ appFiles })).appFiles).to.equal(appFiles);
  });

  it("refuse more zones than the VPC has room for", async () => {
    const availabilityZones = ["us-west-2a", "us-west-2b", "us-west-2c"];
    const [problem] = await problemsWith({ vpcCidr: "10.0.0.0/26", availabilityZones });
    expect(problem).to.include("10.0.0.0/26 has room for 2 zones");
  });

  it("refuse appPackages with appDockerfile, which appPort needs", async () => {
    const own = { appDockerfile: "Dockerfile", appPort: 8000 };
    expect(await problemsWith(own)).to.deep.equal([]);
    const [problem, ...others] = await problemsWith({ ...own, appPackages: ["git"] });
    expect(others).to.deep.equal([]);
    expect(problem).to.match(
      /appPackages is \["git"\]\n.*\n {4}remedy: pulumi config rm appPackages /,
    );
  });

  it("require acmeEmail for ZeroSSL, and for no other CA", async () => {
    const acmeDirectory = "https://acme.zerossl.com/v2/DV90";
    const [problem] = await problemsWith({ acmeDirectory });
    expect(problem).to.match(/acmeEmail is ""\n.*ZeroSSL.*\n {4}remedy: use your own/);
    expect(await problemsWith({ acmeDirectory, acmeEmail: "ada@example.com" })).to.deep.equal([]);
    const other = "https://acme-staging-v02.api.letsencrypt.org/directory";
    expect(await problemsWith({ acmeDirectory: other })).to.deep.equal([]);
  });

  it("require publishToken when publishRepository is set", async () => {
    const [problem] = await problemsWith({ publishRepository: "https://git.example/a.git" });
    expect(problem).to.match(/publishToken is not set\n.*\n {4}remedy: pulumi config set --secret/);
  });

  it("refuse publishDump without a site, and name the settings that allow it", async () => {
    const publishing = { publishRepository: "https://git.example/a.git", publishToken: "sesame" };
    const dump = { ...publishing, publishDump: true };
    const [problem, ...others] = await problemsWith({ ...dump, site: "none" });
    expect(others).to.deep.equal([]);
    expect(problem).to.match(/publishDump is true\n.*site is none\n/);
    const remedies = [...problem!.matchAll(/pulumi config set (\w+) (\S+) --stack dev/g)];
    expect(remedies.map(([, key]) => key)).to.deep.equal(["site", "publishDump"]);
    for (const [, key, value] of remedies)
      expect(await problemsWith({ ...dump, site: "none", [key!]: value })).to.deep.equal([]);
    expect(await problemsWith({ ...publishing, site: "none" })).to.deep.equal([]);
  });

  it("do not print the credentials of a refused address", async () => {
    for (const key of ["appRepository", "pipIndexUrl", "publishRepository"]) {
      const url = "https://me:sesame@git.example/a.git";
      const [problem] = await problemsWith({ publishToken: "token", [key]: url });
      expect(problem).to.include(`${key} holds credentials`).and.not.include("sesame");
    }
  });

  it("do not print a refused password, and accept all printable ASCII characters", async () => {
    for (const databasePassword of ["sesame", "sésame-sésame", "s".repeat(129)]) {
      const [problem] = await problemsWith({ databasePassword });
      expect(problem).to.include(`databasePassword has ${databasePassword.length} characters`);
      expect(problem).to.not.include("sesame").and.not.include("ssss");
    }
    const printable = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join("");
    expect(await problemsWith({ databasePassword: printable })).to.deep.equal([]);
  });

  it("refuse a stack to which nobody can log in, and name both remedies", async () => {
    const [problem, ...others] = await problemsWith({ adminCidrs: [], allowOwnAddress: false });
    expect(others).to.deep.equal([]);
    expect(problem).to.equal(
      "flask-on-aws:adminCidrs is []\n" +
        "    must name a network when allowOwnAddress is false, or nobody can log in by SSH\n" +
        "    remedy: pulumi config set --path 'adminCidrs[0]' YOUR_ADDRESS/32 --stack dev\n" +
        "            or, to let in whoever runs up: pulumi config rm allowOwnAddress --stack dev",
    );
    expect(await problemsWith({ allowOwnAddress: false })).to.deep.equal([]);
  });

  it("do not print a private key that was pasted instead of the public key", async () => {
    const sshPublicKey = `-----BEGIN OPENSSH PRIVATE KEY-----\n${"A".repeat(40)}sesame`;
    expect((await problemsWith({ sshPublicKey }))[0])
      .to.include("PRIVATE KEY")
      .and.not.include("sesame");
  });

  it("accept a domain of every form that the DNS knows, and return it in small letters", async () => {
    for (const domain of [
      "",
      "example.com",
      "a-1.example.co.uk",
      "xn--bcher-kva.example",
      "1.example",
    ])
      expect((await settingsWith({ domain })).domain).to.equal(domain);
    expect((await settingsWith({ domain: "App.Example.COM" })).domain).to.equal("app.example.com");
    expect((await settingsWith({ domain: `${"a".repeat(63)}.example` })).domain).to.have.length(71);
  });

  it("report every problem at once, before any resource is registered", async () => {
    const index = "../../index.ts?with-problems";
    configure({ adminCidrs: ["10.0.0.1/8"], appCommit: "main", databaseName: "sys" });
    let message = "";
    const { resources } = await registrations(async () => {
      try {
        await import(index);
      } catch (error) {
        message = (error as Error).message;
      }
    });
    for (const key of ["adminCidrs", "appCommit", "databaseName"]) {
      expect(message).to.include(`flask-on-aws:${key} is `);
    }
    expect(resources).to.deep.equal([]);
  });

  it("keep production's data protected unless confirmDestroy names the stack", async () => {
    const [problem] = await problemsWith({ protectData: false }, "production");
    expect(problem).to.include("stack production keeps production's data");
    expect(problem).to.include("to destroy this stack, set confirmDestroy to production");
    expect((await settingsWith({ confirmDestroy: "dev" })).confirmDestroy).to.equal(true);
    expect((await settingsWith()).confirmDestroy).to.equal(false);
  });

  it("are refused by name for any random text, and each problem has a remedy", async () => {
    const keys = [
      "vpcCidr",
      "instanceType",
      "databaseName",
      "appRepository",
      "appCommit",
      "confirmDestroy",
    ];
    const typed = fc.record(
      Object.fromEntries(keys.map((key) => [key, fc.string({ minLength: 1 })])),
    );
    await fc.assert(
      fc.asyncProperty(typed, async (settings) => {
        const problems = await problemsWith(settings);
        const named = keys.filter((key) => problems.some((text) => text.includes(`:${key} `)));
        // A random text is hardly ever a network, a commit or this stack's name.
        expect(named).to.include.members([
          "vpcCidr",
          "instanceType",
          "appCommit",
          "confirmDestroy",
        ]);
        for (const text of problems)
          expect(text).to.match(/^flask-on-aws:\w+ .*\n {4}.*\n {4}remedy: \S/s);
      }),
      { numRuns: 50 },
    );
  });

  it("of each environment's file are valid", async () => {
    for (const stack of ["dev", "prod"]) {
      expect(await problemsWith(settingsOfStack(stack), stack)).to.deep.equal([]);
    }
  });
});
