import { expect } from "chai";
import { problemsWith } from "./config.ts";

describe("The settings reader", () => {
  /** Key, the rule's line, and the remedy's commands without `pulumi config` and `--stack dev`. */
  const unknown: [key: string, limit: string, ...commands: string[]][] = [
    ["appComit", "did you mean appCommit?", "rm appComit", "set appCommit VALUE"],
    ["APP_COMMIT", "did you mean appCommit?", "rm APP_COMMIT", "set appCommit VALUE"],
    ["natGateway", "did you mean natGateways?", "rm natGateway", "set natGateways VALUE"],
    ["publishTokn", "did you mean publishToken?", "rm publishTokn", "set --secret publishToken"],
    ["adminCidr", "did you mean adminCidrs?", "rm adminCidr", "set --path 'adminCidrs[0]' VALUE"],
    ["region", "did you mean aws:region?", "rm region", "set aws:region VALUE"],
    [
      "adminCidrs[1]",
      "it is an element of the list adminCidrs, which is set with --path",
      ...["rm 'adminCidrs[1]'", "set --path 'adminCidrs[1]' VALUE"],
    ],
    ["appCommit[0]", "did you mean appCommit?", "rm 'appCommit[0]'", "set appCommit VALUE"],
    ["toString", "Pulumi.yaml lists the settings of this project", "rm toString"],
    ["it's", "Pulumi.yaml lists the settings of this project", "rm 'it'\\''s'"],
    ["teardown", "did you mean confirmDestroy?", "rm teardown", "set confirmDestroy VALUE"],
  ];
  for (const [key, limit, ...commands] of unknown) {
    it(`refuses the unknown key ${key} with the commands that correct it`, async () => {
      const problems = await problemsWith({ [key]: "sesame" });
      const remedy = commands.map((args) => `pulumi config ${args} --stack dev`);
      expect(problems).to.deep.equal([
        `flask-on-aws:${key} is not a setting\n    ${limit}\n    remedy: ${remedy.join(`\n${" ".repeat(12)}`)}`,
      ]);
    });
  }

  it("refuses the former name of a setting, with commands for the current stack", async () => {
    expect(await problemsWith({ tearDown: "prod" }, "prod")).to.deep.equal([
      "flask-on-aws:tearDown is not a setting any more\n" +
        "    its name is confirmDestroy now\n" +
        "    remedy: pulumi config rm tearDown --stack prod\n" +
        "            pulumi config set confirmDestroy VALUE --stack prod",
    ]);
  });

  it("refuses every unknown key together with the other problems", async () => {
    const problems = await problemsWith({ appComit: "abc", proxyImage: "", colour: "red" });
    expect(problems.map((text) => text.split(" ")[0])).to.deep.equal(
      ["appComit", "colour", "proxyImage"].map((key) => `flask-on-aws:${key}`),
    );
  });

  it("ignores the keys of other namespaces", async () => {
    const others = { "aws:profil": "ada", "shop:appComit": "abc", "pulumi:tags": {} };
    expect(await problemsWith(others)).to.deep.equal([]);
  });

  for (const key of ["databasePassword", "appRepositoryCredential", "publishToken"]) {
    const remedy = `remedy: pulumi config set --secret ${key} --stack dev`;

    it(`refuses ${key} in plain text with the command that encrypts it`, async () => {
      const settings = { [key]: "open sesame, please" };
      expect(await problemsWith(settings, "dev", [key])).to.deep.equal([
        `flask-on-aws:${key} is in plain text\n` +
          "    must be encrypted: it can be read in the stack's settings file\n" +
          `    ${remedy}\n            with a new value, if others have had that file`,
      ]);
      expect(await problemsWith(settings)).to.deep.equal([]);
      expect(await problemsWith({ [key]: "" }, "dev", [key])).to.deep.equal([]);
    });

    it(`refuses an empty ${key}`, async () => {
      const publishRepository = "https://git.example/a.git";
      for (const [value, plain] of [
        ["", []],
        [" \n", []],
        [" ", [key]],
      ] as const) {
        const problems = await problemsWith(
          { publishToken: "sesame", publishRepository, [key]: value },
          "dev",
          plain,
        );
        expect(problems).to.deep.equal([
          `flask-on-aws:${key} is empty\n` +
            "    a secret that is set must have a value\n" +
            `    ${remedy}\n            or, to have none: pulumi config rm ${key} --stack dev`,
        ]);
      }
    });
  }
});
