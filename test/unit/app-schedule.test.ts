import { expect } from "chai";
import { scheduleLines } from "../../deployer/schedule.ts";
import { readSettings } from "../../settings/settings.ts";
import { configure, problemsWith } from "./config.ts";
import { registrations } from "./mocks.ts";

const command = { name: "cleanup", cron: "0 3 * * *", command: "flask cleanup" };
const of = (changed: object) => ({ appSchedule: [{ ...command, ...changed }] });
/** A command of `pulumi config` as messages show it. */
const set = (member: string, value: string) =>
  `pulumi config set --path --type string 'appSchedule[0].${member}' ${value} --stack dev`;

describe("The scheduled commands", () => {
  it("are none by default, and reach the app server a line each", async () => {
    configure({});
    expect((await registrations(readSettings)).result.appSchedule).to.deep.equal([]);
    const other = { name: "a-2", cron: " 0  3\t* * * ", command: ` echo "50 %" 'é'\t$HOME ` };
    configure({ appSchedule: [command, other] });
    const { appSchedule } = (await registrations(readSettings)).result;
    expect(scheduleLines(appSchedule)).to.equal(
      `cleanup\t0 3 * * *\tflask cleanup\na-2\t0 3 * * *\t echo "50 %" 'é'\t$HOME \n`,
    );
  });

  for (const cron of [
    "* * * * *",
    "*/5 * * * *",
    "0,15,30-45/5 0-23/2 1,31 1-12 0-7",
    "59 23 31 dec Sun",
    "05 06 01 01 1",
    "@daily",
    "@hourly",
  ]) {
    it(`may run at "${cron}"`, async () => {
      expect(await problemsWith({ ...of({ cron }), patchSchedule: cron })).to.deep.equal([]);
    });
  }

  it("may leave patches to the operator, but not itself", async () => {
    expect(await problemsWith({ patchSchedule: "off" })).to.deep.equal([]);
    expect(await problemsWith(of({ cron: "off" }))).to.have.length(1);
  });

  for (const [cron, limit] of [
    ["", "must be five fields"],
    ["* * * *", "must be five fields, as minute, hour, day, month, day of the week"],
    ["* * * * * root", "must be five fields"],
    ["@reboot", "must be five fields"],
    ["60 * * * *", "its minute must be *, numbers 0 to 59, ranges or steps like */5"],
    ["* 24 * * *", "its hour must be *, numbers 0 to 23"],
    ["* * 0 * *", "its day of the month must be *, numbers 1 to 31"],
    ["* * * 13 *", "its month must be *, numbers 1 to 12, ranges or steps like */5; or one name"],
    ["* * * * 8", "its day of the week must be *, numbers 0 to 7"],
    [
      "* * * * mon-fri",
      "its day of the week must be *, numbers 0 to 7, ranges or steps like */5; or one name like sun",
    ],
    ["* * * sun *", "its month must be"],
    ["*/0 * * * *", "its minute must be"],
    ["5/10 * * * *", "its minute must be"],
    ["30-10 * * * *", "its minute must be"],
    ["1,,2 * * * *", "its minute must be"],
    ["-1 * * * *", "its minute must be"],
    ["%a * * * *", "its minute must be"],
    ["* * * * *\n* * * * * id", "must be five fields"],
  ] as const) {
    it(`may not run at ${JSON.stringify(cron)}`, async () => {
      const [patch] = await problemsWith({ patchSchedule: cron });
      expect(patch).to.include(
        `flask-on-aws:patchSchedule is ${JSON.stringify(cron)}\n    ${limit}`,
      );
      expect(patch).to.include("\n    remedy: use '30 5 2 * *', or off");
      const [problem, ...others] = await problemsWith(of({ cron }));
      expect(others).to.deep.equal([]);
      expect(problem).to.include(
        `flask-on-aws:appSchedule[0].cron is ${JSON.stringify(cron)}\n    ${limit}`,
      );
      expect(problem).to.include(`\n    remedy: ${set("cron", "'0 3 * * *'")}`);
      for (const line of problem!.split("\n")) expect(line.length, line).to.be.at.most(100);
    });
  }

  it("each have a name, a time and a command, and nothing else", async () => {
    const limit = "    a command has name, cron, command\n    remedy: ";
    expect(await problemsWith({ appSchedule: [{ comand: "x" }] })).to.deep.equal([
      `flask-on-aws:appSchedule[0] has "comand"\n${limit}pulumi config rm --path 'appSchedule[0]["comand"]' --stack dev`,
      `flask-on-aws:appSchedule[0] has no name\n${limit}${set("name", "cleanup")}`,
      `flask-on-aws:appSchedule[0] has no cron\n${limit}${set("cron", "'0 3 * * *'")}`,
      `flask-on-aws:appSchedule[0] has no command\n${limit}${set("command", "'flask cleanup'")}`,
    ]);
  });

  for (const name of ["", "Cleanup", "1st", "a_b", "a b", "../a", `a${"b".repeat(31)}`]) {
    it(`may not be named ${JSON.stringify(name)}`, async () => {
      expect(await problemsWith(of({ name }))).to.deep.equal([
        `flask-on-aws:appSchedule[0].name is ${JSON.stringify(name)}\n` +
          "    must be a small letter and up to 30 small letters, digits and -\n" +
          `    remedy: ${set("name", "cleanup")}`,
      ]);
    });
  }

  it("may not have the same name twice", async () => {
    expect(
      await problemsWith({ appSchedule: [command, { ...command, cron: "@daily" }] }),
    ).to.deep.equal([
      'flask-on-aws:appSchedule[1].name is "cleanup"\n    two commands have this name\n' +
        `    remedy: ${set("name", "ANOTHER").replace("[0]", "[1]")}`,
    ]);
  });

  for (const value of ["", " \t", "a\nb", "a\r", "a\0b", true, 5, null]) {
    it(`may not be the command ${JSON.stringify(value)}`, async () => {
      const [problem, ...others] = await problemsWith(of({ command: value }));
      expect(others).to.deep.equal([]);
      expect(problem).to.match(
        typeof value === "string"
          ? /\n {4}must be one line, and not empty\n/
          : /\n {4}must be text\n/,
      );
    });
  }
});
