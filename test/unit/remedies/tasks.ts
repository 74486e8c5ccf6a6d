/** The remedies of the scripts that serve tasks on ECS. */
import { by, inspect, why, type Table } from "./row.ts";

export const ofTasks: Table = {
  "scripts/parameters.sh": {
    "allow the app server's role": by(
      "test/scripts/push.test.ts",
      "stay where AWS refuses to delete them",
    ),
  },
  "scripts/push.sh": {
    "run pulumi up": inspect("somebody has to roll back between two steps of a release"),
    "correct the cause": by(
      "test/scripts/push.test.ts",
      "fails and prints no JSON where AWS refuses ${what}, until it allows it",
    ),
  },
  "scripts/serve-tasks.sh": {
    "correct the app": why.developer,
    "or, if it only needs": by(
      "test/scripts/serve-tasks.test.ts",
      "fails when it is not settled in time",
    ),
    "run pulumi up --refresh": inspect("the service has to be deleted by hand"),
    "run pulumi up": inspect("somebody has to roll back between two steps of a release"),
  },
};
