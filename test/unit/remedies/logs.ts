/** The remedies of logs off the machine. */
import { by, inspect, type Table } from "./row.ts";

const deleted = by(
  "test/e2e/long/logs.test.ts",
  "tells that somebody has deleted the log group, and makes it again",
);

export const ofLogs: Table = {
  "scripts/acceptance.sh": { "make the log group": deleted },
  "operations/stored-logs.ts": {
    "make it again": deleted,
    "log in to AWS": inspect("the rights of the user are given by somebody else in the account"),
  },
};
