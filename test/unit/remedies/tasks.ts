/** The remedies of the scripts that serve tasks on ECS, and of rollbacks. */
import { by, inspect, why, type Table } from "./row.ts";

export const ofTasks: Table = {
  "scripts/check-tasks.sh": {
    "release one": by("test/e2e/stack/first-up.test.ts", "ends by `npm run lab`"),
    "run pulumi up --refresh": by("lab/experiments/faults/access.ts", "policies-changed-by-hand"),
    "make it again": inspect("the service has to be deleted by hand"),
    "have the tasks follow": by(
      "test/scripts/check-tasks.test.ts",
      "has the tasks follow by the remedy",
    ),
    "finish the rollback": by(
      "test/scripts/rollback-tasks.test.ts",
      "that was killed ${where} is finished by the next one",
    ),
    "have ECS spread": inspect("ECS chooses the zones of tasks"),
    "ECS replaces such": why.look,
  },
  "scripts/end-scaling.sh": {
    "allow the app server's role": by(
      "test/scripts/task-count.test.ts",
      "is not believed to be right where AWS refuses to tell it or to set it",
    ),
  },
  "scripts/parameters.sh": {
    "allow the app server's role": by(
      "test/scripts/push.test.ts",
      "stay where AWS refuses to delete them",
    ),
  },
  "scripts/processes.sh": {
    "have the app server": by(
      "test/scripts/workers-proven.test.ts",
      "are refused before a release if there are not one, but ${what}, and accepted by the remedy",
    ),
  },
  "scripts/push.sh": {
    "run pulumi up": inspect("somebody has to roll back between two steps of a release"),
    "correct the cause": by(
      "test/scripts/push.test.ts",
      "fails and prints no JSON where AWS refuses ${what}, until it allows it",
    ),
  },
  "scripts/rollback.sh": {
    "release first": by("test/e2e/stack/first-up.test.ts", "ends by `npm run lab`"),
    "release another commit": by("test/e2e/stack/walk.test.ts", "prints what it says"),
    "build it again": by("lab/experiments/faults/schema.ts", "image-removed"),
    "release a commit with the older code": by(
      "test/e2e/stack/operations.test.ts",
      "names a way back that works when it refuses",
    ),
    "or go back with the data": by(
      "test/e2e/stack/operations.test.ts",
      "names a way back that works when it refuses",
    ),
    "allow the app server's role": by(
      "test/scripts/rollback-tasks.test.ts",
      "changes nothing when ECS does not answer",
    ),
    "correct the cause": by(
      "test/scripts/rollback-tasks.test.ts",
      "when ECS does not serve the older image returns the app server and the record",
    ),
    "see what serves": why.look,
  },
  "scripts/serve-tasks.sh": {
    "correct the app": why.developer,
    "or, if it only needs": by(
      "test/scripts/serve-tasks.test.ts",
      "returns to the version before, which is an error that names the setting",
    ),
    "run pulumi up --refresh": inspect("the service has to be deleted by hand"),
    "run pulumi up": inspect("somebody has to roll back between two steps of a release"),
  },
};
