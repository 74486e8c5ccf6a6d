/** The remedies of alarms by mail. */
import { by, inspect, type Table } from "./row.ts";

const confirmed = by(
  "test/e2e/long/alarms.test.ts",
  "says in status and in verify that nobody gets the alarms before they are confirmed",
);

export const ofAlarms: Table = {
  "scripts/acceptance.sh": {
    "follow the link": confirmed,
    "subscribe it again": inspect(
      "no test waits until SNS forgets an address, which takes 48 hours",
    ),
    "check the policy of the machine's role": by(
      "lab/experiments/faults/access.ts",
      "policies-changed-by-hand",
    ),
  },
};
