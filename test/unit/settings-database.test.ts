import { expect } from "chai";
import fc from "fast-check";
import { readSettings } from "../../settings/settings.ts";
import { windowsOverlap } from "../../settings/windows.ts";
import { configure, problemsWith } from "./config.ts";
import { registrations } from "./mocks.ts";

describe("Settings of the database", () => {
  const [maintenance, backup] = ["databaseMaintenanceWindow", "databaseBackupWindow"];
  const storage = "databaseMaxAllocatedStorage";
  const wrong: [settings: Record<string, unknown>, key: string, message: string][] = [
    [{ [maintenance]: "sunday" }, maintenance, "must be ddd:hh:mm-ddd:hh:mm, in UTC"],
    [{ [maintenance]: "05:00-06:00" }, maintenance, "must be ddd:hh:mm-ddd:hh:mm"],
    [{ [maintenance]: "sun:24:00-sun:06:00" }, maintenance, "must be ddd:hh:mm-ddd:hh:mm"],
    [{ [maintenance]: "sun:05:00-sun:05:29" }, maintenance, "must last 30 minutes to 24 hours"],
    [{ [maintenance]: "sun:05:00-sun:05:00" }, maintenance, "must last 30 minutes to 24 hours"],
    [{ [maintenance]: "sun:05:00-mon:05:01" }, maintenance, "must last 30 minutes to 24 hours"],
    [{ [backup]: "sun:03:00-sun:04:00" }, backup, "must be hh:mm-hh:mm, in UTC"],
    [{ [backup]: "3:00-4:00" }, backup, "must be hh:mm-hh:mm"],
    [{ [backup]: "03:00-03:29" }, backup, "must last 30 minutes to 24 hours"],
    [
      { [maintenance]: "sun:05:00-sun:06:00", [backup]: "05:30-06:30" },
      backup,
      "overlaps databaseMaintenanceWindow, sun:05:00-sun:06:00",
    ],
    [{ [storage]: -1 }, storage, "must be a whole number, 0 to 65536 GiB"],
    [{ [storage]: 65537 }, storage, "must be a whole number, 0 to 65536 GiB"],
    [{ [storage]: 21 }, storage, "must be at least 22, 10 % above databaseAllocatedStorage, 20"],
    [{ [storage]: 10 }, storage, "must be at least 22"],
    [
      { [storage]: 100, databaseAllocatedStorage: 91 },
      storage,
      "must be at least 101, 10 % above databaseAllocatedStorage, 91",
    ],
    [
      { databaseMasterPasswordRotation: -1 },
      "databaseMasterPasswordRotation",
      "must be a whole number, 0 to 1000000 and is raised by one each time",
    ],
  ];
  /** The settings after the remedy of the problem. */
  const remedied = (settings: Record<string, unknown>, key: string, problem: string) => {
    const [, remedy = ""] = /\n {4}remedy: (.*)/.exec(problem) ?? [];
    if (remedy === `pulumi config rm ${key} --stack dev`) return { ...settings, [key]: "" };
    const [, use = ""] = /^use ([^\s,]+)/.exec(remedy) ?? [];
    const value: unknown = /^(\d+|"")$/.test(use) ? JSON.parse(use) : use;
    // Without the moment, its instance is one setting too many.
    const alone = value === "" && [time, from].includes(key);
    return { ...settings, [key]: value, ...(alone && { [time]: "", [from]: "" }) };
  };
  const [snapshot, time, from] = ["databaseSnapshot", "databaseRestoreTime", "databaseRestoreFrom"];
  const moment = "2026-01-31T08:30:00Z";
  wrong.push(
    [{ [snapshot]: "last one" }, snapshot, "must be the identifier or the ARN of a DB snapshot"],
    [{ [snapshot]: "arn:aws:rds:us-west-2:1:snapshot:a" }, snapshot, "must be the identifier or"],
    [{ [snapshot]: "a--b" }, snapshot, "must be the identifier or the ARN of a DB snapshot"],
    [{ [time]: "2026-01-31 08:30", [from]: "db" }, time, "must be a moment in UTC, as in RFC 3339"],
    [{ [time]: "2026-01-31T08:30:00+01:00", [from]: "db" }, time, "must be a moment in UTC"],
    [{ [time]: "2026-02-30T08:30:00Z", [from]: "db" }, time, "is not in the calendar"],
    [{ [time]: "2026-01-31T25:30:00Z", [from]: "db" }, time, "is not in the calendar"],
    [
      { [from]: "my_db", [time]: moment },
      from,
      "must be the identifier or the resource ID of a DB",
    ],
    [{ [time]: moment }, time, "needs databaseRestoreFrom"],
    [{ [from]: "db" }, from, "needs databaseRestoreTime"],
    [{ [snapshot]: "a", [time]: moment, [from]: "db" }, snapshot, "counts only without database"],
    [{ [snapshot]: "a", [from]: "db" }, from, "needs databaseRestoreTime"],
  );
  for (const [settings, key, message] of wrong) {
    it(`are refused until the remedy is applied: ${JSON.stringify(settings)}`, async () => {
      const [problem = "", ...others] = await problemsWith(settings);
      expect(others).to.deep.equal([]);
      expect(problem).to.include(`flask-on-aws:${key} is ${JSON.stringify(settings[key])}\n`);
      expect(problem).to.include(message);
      for (const line of problem.split("\n")) expect(line.length, line).to.be.at.most(100);
      expect(await problemsWith(remedied(settings, key, problem))).to.deep.equal([]);
    });
  }

  for (const settings of [
    { [maintenance]: "Sun:23:45-Mon:00:15", [backup]: "22:00-23:44" },
    { [maintenance]: "sun:05:00-mon:05:00" },
    { [backup]: "23:45-00:15" },
    { [storage]: 22 },
    { [storage]: 20 },
    { databaseAllocatedStorage: 65536 },
    { [snapshot]: "flask-on-aws-dev-database-1234567-appdb-final" },
    { [snapshot]: "arn:aws:rds:us-west-2:123456789012:snapshot:before-the-fault" },
    { [snapshot]: "rds:dev-2026-01-31-05-10" },
    { [time]: moment, [from]: "flask-on-aws-dev-database1234567" },
    { [time]: "2026-01-31T08:30:00.5Z", [from]: "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ" },
  ])
    it(`are accepted: ${JSON.stringify(settings)}`, async () => {
      expect(await problemsWith(settings)).to.deep.equal([]);
    });

  it("have windows in small letters, as AWS has", async () => {
    configure({ [maintenance]: "Sun:23:45-MON:00:15" });
    const { result } = await registrations(readSettings);
    expect(result.databaseMaintenanceWindow).to.equal("sun:23:45-mon:00:15");
  });
});

describe("A window of each week and one of each day", () => {
  const names = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
  const clock = (minute: number) =>
    [Math.floor(minute / 60) % 24, minute % 60].map((each) => `${each}`.padStart(2, "0")).join(":");
  const point = (minute: number) => `${names[Math.floor(minute / 1440) % 7]}:${clock(minute)}`;

  it("overlap if a minute of the week is in both", () => {
    const length = fc.integer({ min: 30, max: 1439 });
    const start = fc.integer({ min: 0, max: 7 * 1440 - 1 });
    const daily = fc.integer({ min: 0, max: 1439 });
    const covers = (from: number, minutes: number, cycle: number, minute: number) =>
      (minute - from + cycle) % cycle <= minutes;
    fc.assert(
      fc.property(start, length, daily, length, (week, weekLength, day, dayLength) => {
        const common = Array.from({ length: 7 * 1440 }, (_, minute) => minute).some(
          (minute) =>
            covers(week, weekLength, 7 * 1440, minute) &&
            covers(day, dayLength, 1440, minute % 1440),
        );
        const windows = [
          `${point(week)}-${point(week + weekLength)}`,
          `${clock(day)}-${clock(day + dayLength)}`,
        ] as const;
        return windowsOverlap(...windows) === common;
      }),
    );
  });
});
