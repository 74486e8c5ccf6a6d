/** The setting appSchedule: commands of the app that cron runs. */
import { z } from "zod";
import { configCommand, fullKey, refused, type Problem } from "./problem.ts";

/** What is wrong with an element is found by {@link scheduleProblems}, which names it. */
export const appSchedule = z.array(z.record(z.string(), z.unknown()));

/** A command of a schedule that has no problems. */
export interface ScheduledCommand {
  readonly name: string;
  /** Five fields, or a word like @daily. */
  readonly cron: string;
  /** A line of a shell. */
  readonly command: string;
}

type Member = keyof ScheduledCommand;

/** A field of cron: its name in messages, its range, and names for its values from the lowest one on. */
type Field = readonly [name: string, least: number, most: number, names?: readonly string[]];

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const fields: readonly Field[] = [
  ["minute", 0, 59],
  ["hour", 0, 23],
  ["day of the month", 1, 31],
  ["month", 1, 12, months],
  // 0 and 7 are Sunday.
  ["day of the week", 0, 7, days],
];
/** Words of Debian's cron. It knows @reboot, too, when nothing may serve yet. */
const words = /^@(yearly|annually|monthly|weekly|daily|midnight|hourly)$/;

const rules: Readonly<
  Record<Member, readonly [example: string, problem: (value: string) => string]>
> = {
  name: [
    "cleanup",
    (value) =>
      /^[a-z][a-z0-9-]{0,30}$/.test(value)
        ? ""
        : "must be a small letter and up to 30 small letters, digits and -",
  ],
  cron: ["'0 3 * * *'", cronProblem],
  command: [
    "'flask cleanup'",
    (value) =>
      /^[^\n\r\0]*[^\s\0][^\n\r\0]*$/.test(value) ? "" : "must be one line, and not empty",
  ],
};
const members = Object.keys(rules) as Member[];

export function scheduleProblems(schedule: z.output<typeof appSchedule> = []): Problem[] {
  const names = schedule.map(({ name }) => name);
  return schedule.flatMap((element, index) => {
    const key = `appSchedule[${index}]`;
    const found = [
      ...Object.keys(element).flatMap((member) => unknownMember(key, member)),
      ...members.flatMap((member) => memberProblem(key, member, element[member])),
    ];
    const { name } = element;
    if (found.length > 0 || names.indexOf(name) === index) return found;
    const limit = "two commands have this name";
    return [refused(`${key}.name`, name, limit, setCommand(`${key}.name`, "ANOTHER"))];
  });
}

function unknownMember(key: string, member: string): Problem[] {
  if (Object.hasOwn(rules, member)) return [];
  const what = `${fullKey(key)} has ${JSON.stringify(member)}`;
  const limit = `a command has ${members.join(", ")}`;
  const path = `${key}[${JSON.stringify(member)}]`.replaceAll("'", `'\\''`);
  return [{ what, limit, remedy: configCommand(`rm --path '${path}'`) }];
}

function memberProblem(key: string, member: Member, value: unknown): Problem[] {
  const [example, problem] = rules[member];
  const remedy = setCommand(`${key}.${member}`, example);
  if (value === undefined) {
    const what = `${fullKey(key)} has no ${member}`;
    return [{ what, limit: `a command has ${members.join(", ")}`, remedy }];
  }
  const limit = typeof value === "string" ? problem(value) : "must be text";
  return limit ? [refused(`${key}.${member}`, value, limit, remedy)] : [];
}

/** What is wrong with a time of cron; nothing if Debian's cron takes it. */
export function cronProblem(text: string): string {
  const given = text.trim().split(/[ \t]+/);
  if (given.length === 1 && words.test(given[0]!)) return "";
  if (given.length !== fields.length)
    return "must be five fields, as minute, hour, day, month, day of the week; or a word like @daily";
  const wrong = fields.find((field, index) => !isValid(given[index]!, field));
  if (!wrong) return "";
  const [name, least, most, names] = wrong;
  const named = names ? `; or one name like ${names[0]}` : "";
  return `its ${name} must be *, numbers ${least} to ${most}, ranges or steps like */5${named}`;
}

/** Whether a list is valid. Debian's cron takes a step only after * or a range, and no list of names. */
function isValid(list: string, [, least, most, names = []]: Field): boolean {
  if (names.includes(list.toLowerCase())) return true;
  return list.split(",").every((item) => {
    const found = /^(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:\/(\d{1,2}))?$/.exec(item);
    if (!found) return false;
    const [, from, to, step] = found;
    if (step !== undefined && (Number(step) === 0 || (from !== undefined && to === undefined)))
      return false;
    const first = Number(from ?? least);
    const last = Number(to ?? from ?? most);
    return least <= first && first <= last && last <= most;
  });
}

const setCommand = (path: string, value: string) =>
  configCommand(`set --path --type string '${path}' ${value}`);
