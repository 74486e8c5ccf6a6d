import type { Settings } from "../settings/settings.ts";

/** The scheduled commands as scripts/schedule.sh reads them: name, time as cron has it, and command, with tabs between. */
export function scheduleLines(schedule: Settings["appSchedule"]): string {
  return schedule
    .map(
      ({ name, cron, command }) => `${name}\t${cron.trim().split(/\s+/).join(" ")}\t${command}\n`,
    )
    .join("");
}
