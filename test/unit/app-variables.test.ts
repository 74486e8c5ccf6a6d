import { expect } from "chai";
import { appEnvironment } from "../../deployer/environment.ts";
import { readSettings } from "../../settings/settings.ts";
import { configure, problemsWith } from "./config.ts";
import { registrations, valueOf } from "./mocks.ts";

async function settingsWith(settings: Record<string, unknown>) {
  configure(settings);
  return (await registrations(readSettings)).result;
}
/** A command of `pulumi config` as messages show it. */
const config = (args: string) => `pulumi config ${args} --stack dev`;

describe("The app's own variables", () => {
  it("are any names and texts, and are none by default", async () => {
    const values = {
      A: "",
      _b1: " $x \\ \" ' # é\n",
      SECRET_KEY: "k",
      DB_POOL_SIZE: "5",
      HOME: "/",
    };
    const { SECRET_KEY, ...plain } = values;
    const settings = await settingsWith({
      appEnvironment: { ...plain, DEBUG: "True", ASSETS_ROOT: "/a" },
      appSecrets: { SECRET_KEY, PEM: "a\nb\n" },
    });
    expect(settings.appEnvironment).to.deep.equal({ ...plain, DEBUG: "True", ASSETS_ROOT: "/a" });
    expect(await valueOf(settings.appSecrets)).to.deep.equal({
      value: { SECRET_KEY: "k", PEM: "a\nb\n" },
      secret: true,
    });
    const none = await settingsWith({});
    expect(none.appEnvironment).to.deep.equal({});
    expect(await valueOf(none.appSecrets)).to.deep.equal({ value: {}, secret: true });
  });

  it("have the text of what Pulumi's CLI reads as a whole number or as true and false", async () => {
    const appEnvironment = { PORTS: 8080, LEAST: -5, ON: true, OFF: false };
    const settings = await settingsWith({ appEnvironment, appSecrets: { PIN: 12 } });
    expect(settings.appEnvironment).to.deep.equal({
      ...{ PORTS: "8080", LEAST: "-5", ON: "true", OFF: "false" },
    });
    expect((await valueOf(settings.appSecrets)).value).to.deep.equal({ PIN: "12" });
  });

  for (const value of [1.5, 2 ** 64, null, ["a"], { a: "b" }]) {
    it(`are refused if one is ${JSON.stringify(value)}, with the command that makes it text`, async () => {
      expect(await problemsWith({ appEnvironment: { A: value } })).to.deep.equal([
        `flask-on-aws:appEnvironment.A is ${JSON.stringify(value)}\n` +
          "    must be text. Pulumi reads it as something else, and may have changed it\n" +
          `    remedy: ${config("set --path --type string appEnvironment.A VALUE")}`,
      ]);
      const [problem, ...others] = await problemsWith({ appSecrets: { A: value } });
      expect(others).to.deep.equal([]);
      expect(problem).to.match(/^flask-on-aws:appSecrets\.A is no text\n/);
    });
  }

  const names: [name: string, quoted: string][] = [
    ["", `'appEnvironment[""]'`],
    ["1st", "appEnvironment.1st"],
    ["my-name", `'appEnvironment["my-name"]'`],
    ["a.b", `'appEnvironment["a.b"]'`],
    ["a b", `'appEnvironment["a b"]'`],
    ["é", `'appEnvironment["é"]'`],
    ["it's", `'appEnvironment["it'\\''s"]'`],
  ];
  for (const [name, path] of names) {
    it(`are refused if one is named ${JSON.stringify(name)}`, async () => {
      expect(await problemsWith({ appEnvironment: { [name]: "x" } })).to.deep.equal([
        `flask-on-aws:appEnvironment has ${JSON.stringify(name)}\n` +
          "    must be a name of letters, digits and _, and begin with no digit\n" +
          `    remedy: ${config(`rm --path ${path}`)}\n` +
          `            ${config("set --path --type string appEnvironment.NAME VALUE")}`,
      ]);
    });
  }

  const owned: [name: string, limit: RegExp, ...commands: string[]][] = [
    ["FLASK_APP", /the setting appModule/, "set appModule MODULE:NAME"],
    ["PORT", /the app listens on port 5005/],
    ["GUNICORN_CMD_ARGS", /options of gunicorn/],
    ["PATH", /the image sets it/],
    ["FLASK_ON_AWS_PAGE", /are the deployer's/],
    ["DATABASE_URL", /the stack's database/, "set appDatabase false"],
    ["SQLALCHEMY_DATABASE_URI", /the stack's database/, "set appDatabase false"],
    ["DB_PASS", /the stack's database/, "set appDatabase false"],
    ["DB_NAME", /the stack's database/, "set appDatabase false"],
  ];
  for (const [name, limit, ...commands] of owned) {
    it(`are refused if one is ${name}, which the deployer owns`, async () => {
      for (const setting of ["appEnvironment", "appSecrets"]) {
        const [problem, ...others] = await problemsWith({ [setting]: { [name]: "sesame" } });
        expect(others).to.deep.equal([]);
        expect(problem).to.match(limit).and.not.include("sesame");
        for (const command of [`rm --path ${setting}.${name}`, ...commands])
          expect(problem).to.include(config(command));
      }
    });
  }

  it("may name a database of the app's own when the stack's is not for the app", async () => {
    const DATABASE_URL = "postgresql://db.example/a";
    const settings = { appDatabase: false, appSecrets: { DATABASE_URL } };
    expect(await problemsWith(settings)).to.deep.equal([]);
  });

  it("may name a Redis of the app's own, but not beside that of appRedis", async () => {
    const settings = { appEnvironment: { REDIS_URL: "redis://cache.example" } };
    expect(await problemsWith(settings)).to.deep.equal([]);
    const [problem, ...others] = await problemsWith({ ...settings, appRedis: true });
    expect(others).to.deep.equal([]);
    expect(problem)
      .to.match(/REDIS_URL"\n {4}the deployer sets it to the Redis of the setting appRedis\n/)
      .and.include(config("rm --path appEnvironment.REDIS_URL"))
      .and.include(config("set appRedis false"));
  });

  it("cover each variable that the deployer sets: it can be replaced, or is refused", async () => {
    const text = appEnvironment({
      database: {
        ...{ host: "db", port: 3306, schema: "s", user: "u", password: "p" },
        certificates: "/ca.pem",
      },
      redis: true,
      ...{ secretKey: "k", variables: {}, secrets: {} },
    });
    const names = [...text.matchAll(/^(\w+)=/gm)].map(([, name]) => name!);
    const free: string[] = [];
    for (const name of names)
      if ((await problemsWith({ appRedis: true, appSecrets: { [name]: "x" } })).length === 0)
        free.push(name);
    expect(free).to.deep.equal(["DEBUG", "SECRET_KEY", "ASSETS_ROOT"]);
  });

  it("are refused if SECRET_KEY is not among the secrets", async () => {
    const [problem] = await problemsWith({ appEnvironment: { SECRET_KEY: "sesame" } });
    expect(problem)
      .to.include(config("rm --path appEnvironment.SECRET_KEY"))
      .and.include(config("set --path --secret appSecrets.SECRET_KEY"))
      .and.not.include("sesame");
  });

  it("are refused if one is in both settings", async () => {
    const both = { appEnvironment: { A: "a", B: "b" }, appSecrets: { A: "sesame" } };
    expect(await problemsWith(both)).to.deep.equal([
      "flask-on-aws:appEnvironment and appSecrets both have A\n" +
        "    a variable has one value\n" +
        `    remedy: ${config("rm --path appEnvironment.A")}`,
    ]);
  });

  it("are refused above 64 KB together, names included", async () => {
    // With = and a NUL for each, like the system counts.
    const most = 65536 - "A=\0B=b\0".length;
    const settings = (bytes: number) => ({
      appEnvironment: { B: "b" },
      appSecrets: { A: "é".repeat((bytes - 1) / 2) + "x" },
    });
    expect(await problemsWith(settings(most))).to.deep.equal([]);
    const [problem, ...others] = await problemsWith(settings(most + 2));
    expect(others).to.deep.equal([]);
    expect(problem).to.include("appEnvironment and appSecrets together have 65538 bytes");
    expect(problem)
      .to.include("must be 65536 bytes at most; A alone has 65534")
      .and.not.include("é");
  });

  it("are refused if a text holds a NUL", async () => {
    const [problem] = await problemsWith({ appSecrets: { A: "a\0b" } });
    expect(problem).to.match(/^flask-on-aws:appSecrets\.A holds a NUL\n/);
  });

  it("are refused if a secret is empty, but may be empty if plain", async () => {
    const [problem] = await problemsWith({ appEnvironment: { B: "" }, appSecrets: { A: " \n" } });
    expect(problem).to.equal(
      "flask-on-aws:appSecrets.A is empty\n" +
        "    a secret that is set must have a value\n" +
        `    remedy: ${config("set --path --secret appSecrets.A")}\n` +
        `            or, to have none: ${config("rm --path appSecrets.A")}`,
    );
  });

  it("are refused if appSecrets holds no secret, with a command for each value", async () => {
    const settings = { appSecrets: { A: "sesame", B: "open" } };
    expect(await problemsWith(settings, "dev", ["appSecrets"])).to.deep.equal([
      "flask-on-aws:appSecrets holds no secret\n" +
        "    must be encrypted: its values can be read in the stack's settings file\n" +
        `    remedy: ${config("set --path --secret appSecrets.A")}\n` +
        `            ${config("set --path --secret appSecrets.B")}\n` +
        "            with new values, if others have had that file",
    ]);
    expect(await problemsWith({ appSecrets: {} }, "dev", ["appSecrets"])).to.deep.equal([]);
  });

  for (const [key, command] of [
    ["appEnvironment.A", "set --path appEnvironment.A VALUE"],
    ["appSecrets.A", "set --path --secret appSecrets.A"],
  ] as const) {
    it(`are refused if ${key} is set without --path`, async () => {
      const [problem, ...others] = await problemsWith({ [key]: "sesame" });
      expect(others).to.deep.equal([]);
      expect(problem)
        .to.include(config(`rm ${key}`))
        .and.include(config(command));
    });
  }
});
