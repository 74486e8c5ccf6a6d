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

  const commit = "5f0ffe77e5ea794edfffbb18a196a01f9918b075";
  const wrong: [key: string, value: unknown, message: string][] = [
    ["adminCidrs", ["203.0.113.7"], "must be an IPv4 network like 203.0.113.7/32"],
    ["adminCidrs", ["203.0.113.7/24"], "must be an IPv4 network"],
    ["adminCidrs", ["2001:db8::/32"], "must be an IPv4 network"],
    ["adminCidrs", ["0.0.0.0/0"], "must be /8 or smaller"],
    ["adminCidrs", ["10.1.0.0/16", "10.1.0.0/16"], "must not name a network twice"],
    ["vpcCidr", "10.0.0.0", "must be an IPv4 network of /16 to /26"],
    ["vpcCidr", "10.0.0.0/15", "must be an IPv4 network of /16 to /26"],
    ["vpcCidr", "10.0.0.0/27", "must be an IPv4 network of /16 to /26"],
    ["vpcCidr", "172.17.0.0/16", "overlaps 172.16.0.0/12"],
    ["vpcCidr", "127.0.0.0/16", "overlaps 127.0.0.0/8, every machine's own"],
    ["vpcCidr", "169.254.0.0/16", "overlaps 169.254.0.0/16"],
    ["vpcCidr", "240.0.0.0/16", "overlaps 224.0.0.0/3"],
    ["availabilityZones", ["us-west-2a"], "must be empty or name two different zones"],
    [
      "availabilityZones",
      ["us-west-2a", "us-west-2a"],
      "must be empty or name two different zones",
    ],
    ["availabilityZones", ["us-east-1a", "us-west-2b"], "must be zones of aws:region us-west-2"],
    ["availabilityZones", ["us-west-2a", "us-west-2"], "must be zones of aws:region us-west-2"],
    ["availabilityZones", ["us-west-2a", "b"], "must be zones of aws:region us-west-2"],
    ["availabilityZones", ["us-west-2a", ""], "must be zones of aws:region us-west-2"],
    ["adminCidrs", ["203.0.113.7/32", ""], "must be an IPv4 network"],
    ["aws:region", "", "must be a region of AWS"],
    ["vpcCidr", "", "must be an IPv4 network of /16 to /26"],
    ["natGateways", "", "must be one of: single, per-zone, none"],
    ["instanceType", "", "must be an EC2 instance type"],
    ["machineImage", "", "must be one of: debian-13"],
    ["databaseInstanceClass", "", "must be an RDS instance class"],
    ["databaseName", "", "must be a letter and up to 54"],
    ["appRepository", "", "must be the address of a git repository"],
    ["appCommit", "", "must be the full hash of a commit"],
    ["proxyImage", "", "must be the name of a container image"],
    ["natGateways", "two", "must be one of: single, per-zone, none"],
    ["instanceType", "large", "must be an EC2 instance type"],
    ["instanceType", "t4g.micro", "is arm64, but machineImage debian-13 is amd64"],
    ["machineImage", "windows-95", "must be one of: debian-13"],
    ["sshPublicKey", "-----BEGIN OPENSSH PRIVATE KEY-----", "must be one line as in a .pub file"],
    ["databaseInstanceClass", "t4g.micro", "must be an RDS instance class"],
    ["databaseAllocatedStorage", 5, "must be a whole number, 20 to 65536 GiB"],
    ["databaseAllocatedStorage", 70000, "must be a whole number, 20 to 65536 GiB"],
    ["databaseAllocatedStorage", 20.5, "must be a whole number, 20 to 65536 GiB"],
    ["databaseBackupRetentionDays", -1, "must be a whole number, 0 to 35 days"],
    ["databaseBackupRetentionDays", 36, "must be a whole number, 0 to 35 days"],
    ["cpuCredits", "none", "must be one of: unlimited, standard"],
    ["databaseInstanceClass", "db.t2.micro", "that runs MySQL 8.4"],
    ["confirmDestroy", "prod", "must be the name of this stack, dev, or empty"],
    ["confirmDestroy", "yes", "must be the name of this stack, dev, or empty"],
    ["aws:region", "Oregon", "must be a region of AWS"],
    ["aws:region", "us-gov-west-1", "is of another AWS partition"],
    ["aws:region", "cn-north-1", "is of another AWS partition"],
    ["aws:region", "us-iso-east-1", "is of another AWS partition"],
    ["aws:allowedAccountIds", ["12345678901"], "must be the 12 digits of an AWS account's id"],
    ["aws:allowedAccountIds", 123456789012, "must be a list of ids of AWS accounts"],
    ["aws:forbiddenAccountIds", [123456789012], "must be the 12 digits of an AWS account's id"],
    ["databaseName", "my-app", "must be a letter and up to 54 letters, digits and _"],
    ["databaseName", "1app", "must be a letter"],
    ["databaseName", "a".repeat(56), "must be a letter and up to 54"],
    ["databaseName", "MySQL", "no schema of MySQL's own"],
    ["databaseName", "Order", "nor word of SQL"],
    ["appRepository", "flask-datta-able", "must be the address of a git repository"],
    ["appRepository", "--upload-pack=x", "must be the address of a git repository"],
    ["appCommit", "5f0ffe7", "must be the full hash of a commit"],
    ["appCommit", "main", "must be the full hash of a commit"],
    ["appCommit", commit.toUpperCase(), "must be the full hash of a commit"],
    ["appModule", "app.py", "must be MODULE:NAME as gunicorn takes it"],
    ["appModule", "app", "must be MODULE:NAME"],
    ["appModule", "src/app:app", "must be MODULE:NAME"],
    ["appModule", "app:create_app('prod')", "must be MODULE:NAME"],
    ["appModule", "app:$(id)", "must be MODULE:NAME"],
    ["appHealthPath", "health", "must be the path of a page, beginning with /"],
    ["appHealthPath", "/a b", "must be the path of a page"],
    ["appHealthPath", "/'$x", "must be the path of a page"],
    ["appHealthStatus", 199, "must be a whole number, 200 to 499 as HTTP has them"],
    ["appHealthStatus", 500, "must be a whole number, 200 to 499"],
    ["appMigrations", "auto", "must be one of: detected, flask-migrate, alembic, generated, none"],
    ["appFiles", "uploads", "must be a directory of the container like /app/uploads"],
    ["appFiles", "/app/uploads/", "must be a directory of the container"],
    ["appFiles", "/app/../etc", "must be a directory of the container"],
    ["appFiles", "/app/./uploads", "must be a directory of the container"],
    ["appFiles", "/app//uploads", "must be a directory of the container"],
    ["appFiles", "/app/my uploads", "must be a directory of the container"],
    ["appFiles", "/app/a:b", "must be a directory of the container"],
    ["appFiles", `/${"a".repeat(100)}`, "must be a directory of the container"],
    ...[
      "/",
      "/app",
      "/home/app",
      "/opt/venv/uploads",
      "/etc/app",
      "/usr",
      "/usr/src/app",
      "/var/lib",
    ].map((path): [string, unknown, string] => [
      "appFiles",
      path,
      "not the app's own or the system's",
    ]),
    ["baseImage", "", "must be the name of a container image"],
    ["appPackages", ["libmagic1", "Git"], "must be the name of a Debian package, in lower case"],
    ["appPackages", ["git; id"], "must be the name of a Debian package"],
    ["appPackages", ["-y"], "must be the name of a Debian package"],
    ["appDockerfile", "/Dockerfile", "must be the path of a file in the repository"],
    ["appDockerfile", "../Dockerfile", "must be the path of a file in the repository"],
    ["appDockerfile", "a/./Dockerfile", "must be the path of a file in the repository"],
    ["appDockerfile", "a b", "must be the path of a file in the repository"],
    ["appPort", 0, "must be a whole number, 1 to 65535 as TCP has them"],
    ["appPort", 8000, "counts only with appDockerfile"],
    ["proxyImage", "--privileged", "must be the name of a container image"],
    ["uploadLimit", 0, "must be a whole number, 1 to 10000 MB"],
    ["pipIndexUrl", "pypi.example", "must be the address of a package index"],
    [
      "publishRepository",
      "git@git.example:a.git",
      "must be the address of a git repository by https",
    ],
    [
      "publishRepository",
      "http://git.example/a.git",
      "must be the address of a git repository by https",
    ],
    ["domain", "203.0.113.7", "must be a name"],
    ["domain", "203.0.113.7:443", "must be a name"],
    ["domain", "2001:db8::7", "must be a name"],
    ["domain", "http://[2001:db8::7]/", "must be a name"],
    ["domain", "app.internal", "must be a public name"],
    ["dnsZone", "example.com", "must be the id of a zone in Route 53"],
    ["domain", "*.example.com", "must be a single name"],
    ["domain", "app.example.com:443", "must be the name alone"],
    ["domain", "https://app.example.com/login", "must be the name alone"],
    ["domain", "App.Example.com.", "must be the name alone"],
    ["domain", "bücher.example", "must be in the ASCII form"],
    ["domain", "localhost", "must have two labels or more"],
    ["domain", `${"a.".repeat(125)}test`, "has 254 characters: a name has up to 253"],
    ["domain", `${"a".repeat(64)}.example.com`, "must be labels of up to 63 letters"],
    ["domain", "-app.example.com", "must be labels of up to 63 letters"],
    ["domain", "app_1.example.com", "must be labels of up to 63 letters"],
    ["domain", "app..example.com", "must be labels of up to 63 letters"],
    ["domain", "app.example.7", "must be labels of up to 63 letters"],
    ["domain", "app example.com", "must be labels of up to 63 letters"],
    ["domain", " ", "must be labels of up to 63 letters"],
    ["site", "hidden", "must be one of: public, private, none"],
    ["site", "", "must be one of: public, private, none"],
    ["publishDump", true, "publishRepository is not set"],
    ["databasePasswordRotation", -1, "must be a whole number, 0 to 1000000 and is raised"],
    ["databasePasswordRotation", 1.5, "must be a whole number, 0 to 1000000 and is raised"],
    ["backupColdAfterDays", 0, "must be a whole number, 1 to 3649 days"],
    ["backupColdAfterDays", 365, "must be fewer than backupExpireAfterDays, 365"],
  ];
  for (const [key, value, message] of wrong) {
    it(`refuse ${key} ${JSON.stringify(value).slice(0, 40)}`, async () => {
      const problems = await problemsWith({ publishToken: "sesame", [key]: value });
      expect(problems).to.have.length(1);
      expect(problems[0]).to.match(
        new RegExp(`^${key.includes(":") ? key : `flask-on-aws:${key}`} is ["\\[\\dt-].*\n {4}\\S`),
      );
      expect(problems[0]).to.include(message);
      expect(problems[0], "a remedy").to.match(
        /\n {4}remedy: (set|use|name|remove|pulumi) \S.*(?<!\.)$/,
      );
      for (const line of problems[0]!.split("\n")) expect(line.length, line).to.be.at.most(100);
      const [, use] = /remedy: use (?!the )(\S+?)(?=,? |,?$)/.exec(problems[0]!) ?? [];
      if (use === undefined) return;
      const remedied = /^["[\d](?!.*\/)/.test(use) ? (JSON.parse(use) as unknown) : use;
      expect(await problemsWith({ publishToken: "sesame", [key]: remedied })).to.deep.equal([]);
    });
  }

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
