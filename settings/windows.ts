/** Windows in which RDS works on the database: each week for maintenance, each day for its backups; UTC. */
import { refuse, text } from "./fields.ts";

const dayMinutes = 24 * 60;
const days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/** In minutes; a window of every day begins on a Sunday. */
interface Window {
  readonly start: number;
  readonly length: number;
}

const time = "([01]\\d|2[0-3]):[0-5]\\d";
const weeklyTime = `(${days.join("|")}):${time}`;

function minuteOf(point: string): number {
  const [minutes = 0, hours = 0, day = "sun"] = point.split(":").reverse();
  return days.indexOf(`${day}`) * dayMinutes + Number(hours) * 60 + Number(minutes);
}

/** @param cycle minutes after which the window comes again */
function parse(window: string, cycle: number): Window {
  const [start = 0, end = 0] = window.split("-").map(minuteOf);
  return { start, length: (end - start + cycle) % cycle };
}
const parseWeekly = (window: string) => parse(window, 7 * dayMinutes);
const parseDaily = (window: string) => parse(window, dayMinutes);

function windowText(point: string, limit: string, example: string, read: (text: string) => Window) {
  const remedy = `use ${example}, or "" to let AWS choose`;
  return text(new RegExp(`^$|^${point}-${point}$`, "i"), limit, remedy)
    .check((context) => {
      const { value } = context;
      if (value === "") return;
      const { length } = read(value.toLowerCase());
      if (length < 30 || length > dayMinutes)
        refuse(context, "must last 30 minutes to 24 hours", remedy);
    })
    .transform((value) => value.toLowerCase());
}

/** A window of each week; empty if AWS chooses. */
export const weeklyWindow = windowText(
  weeklyTime,
  "must be ddd:hh:mm-ddd:hh:mm, in UTC",
  "sun:05:00-sun:06:00",
  parseWeekly,
);

/** A window of each day; empty if AWS chooses. */
export const dailyWindow = windowText(
  time,
  "must be hh:mm-hh:mm, in UTC",
  "03:00-04:00",
  parseDaily,
);

/** Whether a window of each week and one of each day have a minute in common, be it their last and their first. */
export function windowsOverlap(weekly: string, daily: string): boolean {
  const week = parseWeekly(weekly);
  const day = parseDaily(daily);
  // From the day before the week, whose window may end in it, to the one after it, in which the week's may end.
  return [-1, ...days.keys(), 7, 8].some((index) => {
    const start = day.start + index * dayMinutes;
    return start <= week.start + week.length && week.start <= start + day.length;
  });
}
