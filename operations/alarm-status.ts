/** Whether somebody gets the alarms, in ./ops status. */
import { typed } from "./names.ts";

/** A topic of alarms, as scripts/alarm-topics.sh finds it. */
export interface AlarmTopicStatus {
  readonly region: string;
  /** Of the mail address: SNS forgets one that nobody confirms within some days. */
  readonly state: "confirmed" | "pending" | "missing" | "unknown";
  /** Its ARN. */
  readonly topic: string;
  readonly email: string;
}

/** @param up the command that makes what is missing */
export function alarmLines(topics: readonly AlarmTopicStatus[], up: string): string[] {
  const open = topics.filter(({ state }) => state !== "confirmed");
  const [first] = topics;
  if (open.length === 0) return [first ? `mailed to ${first.email}` : "unknown"];
  return open.flatMap((topic) => linesOf(topic, up));
}

function linesOf({ region, state, topic, email }: AlarmTopicStatus, up: string): string[] {
  if (state === "unknown") return [`UNKNOWN whether ${email} gets those of ${region}`];
  if (state === "missing")
    return [
      `NOT MAILED: ${email} is not subscribed in ${region}`,
      `subscribe it, then follow the link in the mail of AWS Notifications: ${up}`,
    ];
  const another = ["--region", region, "--topic-arn", topic];
  return [
    `NOT MAILED: ${email} is not confirmed in ${region}`,
    "follow the link in the mail of AWS Notifications; for another mail, run:",
    `  ${typed("aws", "sns", "subscribe", ...another, "--protocol", "email", "--notification-endpoint", email)}`,
  ];
}
