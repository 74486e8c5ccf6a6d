/** The remedies of the scripts on the app server. */
import { by, inspect, why, type Table } from "./row.ts";

export const ofScripts: Table = {
  "scripts/acceptance.sh": {
    "release one": by("test/e2e/first-light.test.ts", "comes up after that by"),
    "check once more": inspect("the database must refuse one connection and accept the next"),
    "raise databasePasswordRotation": inspect(
      "the user requires TLS, so no test reaches the database without it",
    ),
    "run the job": by("test/scripts/acceptance.test.ts", "says since when the cron job fails"),
    "install the cron jobs": by(
      "test/scripts/acceptance.test.ts",
      "says since when the cron job fails",
    ),
    "start it": inspect("no test in the lab ends the cron daemon"),
    "run pulumi up --refresh": by("lab/experiments/faults/access.ts", "policies-changed-by-hand"),
    "remove them": by(
      "test/e2e/first-light/operations.ts",
      "names a rule that opens SSH to everybody",
    ),
    "see the VPC's S3 endpoint": why.look,
    "have it synchronised": inspect(
      "the lab's machines have the clock of the computer that they run on",
    ),
    "see what takes it": why.look,
    "set a larger instanceType": why.look,
    "see where it ends": why.look,
  },
  "scripts/backup.sh": {
    "check bucket and database": by("test/scripts/backup.test.ts", "fails when the bucket refuses"),
    "try again": by("test/scripts/backup.test.ts", "fails when the bucket does not give it back"),
  },
  "scripts/backups.sh": {
    "check the policies": by("lab/experiments/faults/access.ts", "policies-changed-by-hand"),
    "choose one of": by(
      "test/scripts/backups.test.ts",
      "refuses a key that is not a complete backup",
    ),
    "make one": by("test/scripts/backup.test.ts", "is what backups.sh asks for when there is none"),
  },
  "scripts/build.sh": {
    "correct the app's requirements.txt": by("lab/experiments/faults/app.ts", "build-fails"),
  },
  "scripts/common.sh": {
    "see: docker system df": by("lab/experiments/faults/machine.ts", "disk-full"),
    "check the security groups": why.look,
    "create it: ./ops mysql": by("lab/experiments/faults/schema.ts", "schema-dropped"),
  },
  "scripts/fetch.sh": {
    "check the setting appRepository": by(
      "test/scripts/image.test.ts",
      "names a repository that cannot be read, and works",
    ),
    "set appCommit": by(
      "test/scripts/image.test.ts",
      "names a commit that the repository does not have, and works",
    ),
    "set appRepository and appCommit": by("lab/experiments/faults/app.ts", "only-a-readme"),
  },
  "scripts/run-detached.sh": {
    "wait, then run the same command again": by(
      "test/scripts/run-detached.test.ts",
      "ends a run that hangs by the command",
    ),
    "run pulumi up": by(
      "test/scripts/run-detached.test.ts",
      "that was ended from outside says so, and can be begun",
    ),
  },
  "scripts/grants.sh": {
    "if its password was changed by hand": by(
      "lab/experiments/faults/database.ts",
      "wrong-database-password",
    ),
    "raise databasePasswordRotation": by("lab/experiments/faults/schema.ts", "privilege-revoked"),
    "run: ./ops mysql": by("lab/experiments/faults/schema.ts", "schema-of-another-character-set"),
  },
  "scripts/deploy-lock.sh": {
    "see: df -h; ls -ld": why.look,
    "wait for that release to end": by("lab/experiments/faults/engine.ts", "lock-of-a-dead-holder"),
  },
  "scripts/release-history.sh": {
    "restore access to the bucket ${…}, then": by(
      "test/scripts/release-history.test.ts",
      "that is not readable in the bucket is not begun",
    ),
    "restore access to the bucket ${…}; the next": by(
      "test/scripts/release-history.test.ts",
      "which the next one brings there",
    ),
  },
  "scripts/logs.sh": {
    usage: inspect("./ops logs never calls the script so; who runs it by hand reads the usage"),
    "release the app": by("test/e2e/first-light.test.ts", "comes up after that by"),
  },
  "scripts/migrate.sh": {
    "correct the app's models": why.developer,
    "correct the migration, then": by("lab/experiments/faults/app.ts", "migration-half-way"),
    "correct them: flask db heads": why.developer,
    "check the bucket": by(
      "test/scripts/migrate.test.ts",
      "does not begin anew when the backup cannot be read",
    ),
    "put it back into the models": by("lab/experiments/faults/app.ts", "migration-drops-column"),
  },
  "scripts/preflight.sh": {
    "check that the database exists": why.look,
    "run pulumi up --refresh": by("lab/experiments/faults/database.ts", "database-unreachable"),
    "see the VPC's S3 endpoint": why.look,
    "see: timedatectl": inspect(
      "the lab's machines have the clock of the computer that they run on",
    ),
    "see the policies": by("lab/experiments/faults/access.ts", "policies-changed-by-hand"),
  },
  "scripts/prepare-database.sh": { "check the way out": why.look },
  "scripts/publish-status.sh": {
    "check the policy of the machine's role": by(
      "lab/experiments/faults/access.ts",
      "policies-changed-by-hand",
    ),
  },
  "scripts/publish.sh": {
    "deploy first": by(
      "test/e2e/first-light/environments.ts",
      "has published what development serves",
    ),
    "check publishRepository": by(
      "test/scripts/publish.test.ts",
      "says that the release serves when the repository refuses",
    ),
    "check the bucket": by("lab/experiments/faults/access.ts", "site-policy-changed"),
  },
  "scripts/restore-test.sh": {
    "find the cause": by("test/e2e/grants.test.ts", "are missed by the preflight"),
    "choose another backup": by(
      "test/scripts/restore.test.ts",
      "fail with what was said when they cannot be read",
    ),
  },
  "scripts/restore.sh": {
    "restore a backup at revision": by(
      "lab/experiments/faults/schema.ts",
      "backup-of-unknown-revision",
    ),
    "drop the triggers": by("lab/experiments/faults/schema.ts", "tables-with-triggers"),
  },
  "scripts/rollback.sh": {
    "release first": by("test/e2e/first-light.test.ts", "comes up after that by"),
    "release another commit": by("test/e2e/first-light/walk.ts", "walks as docs/lab.md says"),
    "build it again": by("lab/experiments/faults/schema.ts", "image-removed"),
    "release a commit with the older code": by(
      "test/e2e/first-light/operations.ts",
      "names a way back that works when it refuses",
    ),
    "or go back with the data": by(
      "test/e2e/first-light/operations.ts",
      "names a way back that works when it refuses",
    ),
  },
  "scripts/serving.sh": {
    "restore access to the bucket ${…}, then": by(
      "test/scripts/serving.test.ts",
      "is not begun again when the bucket cannot be",
    ),
    "restore access to the bucket ${…}; then": by(
      "test/scripts/serving.test.ts",
      "is written there by the next look at it",
    ),
  },
  "scripts/cut-over.sh": {
    "correct the app": by("lab/experiments/faults/app.ts", "crashes-at-start"),
    "correct the setting nginxImage": by("lab/experiments/faults/app.ts", "nginx-image-wrong"),
  },
  "scripts/verify.sh": {
    "run pulumi up": inspect(
      "no test in the lab lets a release fail between its switch and its end",
    ),
    "see ./ops logs --all": why.look,
    "see the migration's output": why.look,
  },
  "scripts/wait-for-cloud-init.sh": {
    "correct their cause": by("lab/experiments/faults/machine.ts", "first-boot-failed"),
    "see /var/log/cloud-init-output.log": why.look,
    "see: systemctl status docker": why.look,
  },
};
