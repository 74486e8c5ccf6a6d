/** The remedies of the scripts on the app server. */
import { by, inspect, why, type Table } from "./row.ts";

export const ofScripts: Table = {
  "scripts/acceptance.sh": {
    "release one": by("test/e2e/stack/first-up.test.ts", "ends by `npm run lab`"),
    "see ./ops logs${…}; then release": why.look,
    "check once more": inspect("the database must refuse one connection and accept the next"),
    "raise databasePasswordRotation": inspect(
      "the user requires TLS, so no test reaches the database without it",
    ),
    "see docs/https.md": why.look,
    "run the job": by("test/scripts/acceptance.test.ts", "reports that the cron job"),
    "install the cron jobs": by("test/scripts/acceptance.test.ts", "reports that the cron job"),
    "start it": by("test/e2e/stack/verify.test.ts", "a stopped cron daemon"),
    "run pulumi up --refresh": by("lab/experiments/faults/access.ts", "policies-changed-by-hand"),
    "remove them": by(
      "test/e2e/stack/verify.test.ts",
      "fails for a rule that opens SSH to everybody",
    ),
    "see the VPC's S3 endpoint": why.look,
    "have it synchronised": by("test/e2e/stack/verify.test.ts", "a wrong clock"),
    "see what takes it": why.look,
    "set a larger instanceType": why.look,
    "see where it ends": why.look,
  },
  "scripts/build.sh": {
    "correct the app's ${…}, then: ${…};": by("lab/experiments/faults/app.ts", "build-fails"),
    "correct the app's ${…}, then": why.developer,
    "the builder on": why.developer,
    "run uv lock": why.developer,
    "name another one in FROM": why.developer,
    "name another one: pulumi config set baseImage": inspect(
      "the lab's registry has one image for Python",
    ),
    "have Debian's": inspect("no test in the lab has an app that needs a compiler"),
    "pulumi config set baseImage": by(
      "test/scripts/app-image.test.ts",
      "are refused before the build where the base image has another one",
    ),
  },
  "scripts/certificate-store.sh": {
    "check the policy of the machine's role": by(
      "lab/experiments/faults/access.ts",
      "policies-changed-by-hand",
    ),
  },
  "scripts/certificate.sh": {
    "see ./ops logs --all": why.look,
  },
  "scripts/common.sh": {
    "see: docker system df": by("lab/experiments/faults/machine.ts", "disk-full"),
    "check the security groups": why.look,
    "run pulumi up": inspect("git must fail on a commit that it has just fetched"),
    "create it: ./ops mysql": by("lab/experiments/faults/schema.ts", "schema-dropped"),
  },
  "scripts/describe-app.sh": {
    "write each line": why.developer,
    "name the app": by(
      "test/scripts/describe-app.test.ts",
      "is refused for a file of another name, and accepted with the setting of its remedy",
    ),
    "choose one": by(
      "test/scripts/describe-app.test.ts",
      "is refused when there are two apps, and accepted with the setting of its remedy",
    ),
  },
  "scripts/fetch.sh": {
    "check the setting appRepository": by(
      "test/scripts/image.test.ts",
      "names a repository that cannot be read, and works once",
    ),
    "set appCommit": by(
      "test/scripts/image.test.ts",
      "names a commit that the repository does not have, and works once",
    ),
    "set appRepository and appCommit": by("lab/experiments/faults/app.ts", "only-a-readme"),
    "set appDockerfile": by(
      "test/scripts/own-dockerfile.test.ts",
      "is refused when it does not exist, with those that do, and works with one of them",
    ),
    "list all packages": why.developer,
    "make requirements.txt": by(
      "test/scripts/app-image.test.ts",
      "are installed after the change that the message demands",
    ),
  },
  "scripts/memory.sh": {
    "set a larger instanceType": inspect("which type, or which processes, is the user's choice"),
  },
  "scripts/redis.sh": {
    "correct the setting redisImage": by(
      "test/scripts/redis.test.ts",
      "is the one of before again when another image does not start",
    ),
  },
  "scripts/release-line.sh": { "correct it, then": why.developer },
  "scripts/schedule.sh": {
    "see the crontab": inspect("./ops and cron name only commands that exist"),
    "release first": by("test/e2e/stack/first-up.test.ts", "ends by `npm run lab`"),
  },
  "scripts/files.sh": {
    "choose another backup": by(
      "test/scripts/files-restore.test.ts",
      "are refused when the archive is not what the manifest says",
    ),
    "use a directory of the files' own": by(
      "test/scripts/files.test.ts",
      "are refused where they would hide the app",
    ),
    "correct USER": why.developer,
    "restore access to the bucket": by(
      "test/scripts/files.test.ts",
      "can begin without those of a backup that cannot be read",
    ),
    "see what it says, then run": by("test/scripts/files.test.ts", "fail when it cannot be copied"),
    "see what it says, then: ": by(
      "test/scripts/files-restore.test.ts",
      "are all in their place after the next run when an exchange is cut off",
    ),
    "check the bucket": by(
      "test/scripts/files.test.ts",
      "are refused when the bucket refuses them",
    ),
    "try again": by("test/scripts/files.test.ts", "are refused when the bucket refuses them"),
  },
  "scripts/run-detached.sh": {
    "wait, then run the same command again": by(
      "test/scripts/run-detached.test.ts",
      "prints a command that ends a hanging run",
    ),
    "wait a minute, then run": by(
      "lab/experiments/faults/machine.ts",
      "machine-rebooted-during-a-release",
    ),
    "run ${…} again": by(
      "test/scripts/run-detached.test.ts",
      "reports that it was killed, and how to start it again",
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
      "does not start anew when the bucket cannot be read",
    ),
    "restore access to the bucket ${…}; the next": by(
      "test/scripts/release-history.test.ts",
      "and uploads it with the next one",
    ),
  },
  "scripts/logs.sh": {
    usage: inspect("./ops logs never calls the script so; who runs it by hand reads the usage"),
    "release the app": by("test/e2e/stack/first-up.test.ts", "ends by `npm run lab`"),
  },
  "scripts/migrate.sh": {
    "correct the app's models": why.developer,
    "correct the migration, then": by("lab/experiments/faults/app.ts", "migration-half-way"),
    "correct them: flask db heads": why.developer,
    "name it": by("test/scripts/migrate.test.ts", "needs the module of an image that names none"),
    "have the migrations use": why.developer,
    "release a commit that has this revision": by(
      "test/e2e/stack/own-app.test.ts",
      "refuses the schema of another app, and migrates the empty one",
    ),
    "check the bucket": by(
      "test/scripts/migrate-generated.test.ts",
      "fails when the backup cannot be read, and works once it can",
    ),
    "put it back into the models": by("lab/experiments/faults/app.ts", "migration-drops-column"),
  },
  "scripts/preflight.sh": {
    "stop it for good": by("lab/experiments/faults/https.ts", "port-443-taken"),
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
      "test/e2e/stack/publishing.test.ts",
      "publishes the released files as a branch",
    ),
    "check publishRepository": by(
      "test/scripts/publish.test.ts",
      "reports that the release runs when the repository refuses",
    ),
    "check the bucket": by("lab/experiments/faults/access.ts", "site-policy-changed"),
  },
  "scripts/serving.sh": {
    "restore access to the bucket ${…}, then": by(
      "test/scripts/serving.test.ts",
      "does not start anew when the bucket cannot be",
    ),
    "restore access to the bucket ${…}; then": by(
      "test/scripts/serving.test.ts",
      "and the next read uploads it",
    ),
  },
  "scripts/cut-over.sh": {
    "name in the app's repository": why.developer,
    "correct the app": by("lab/experiments/faults/app.ts", "crashes-at-start"),
    "or set appHealthPath": by(
      "test/e2e/stack/own-app.test.ts",
      "refuses a page of another status within seconds, and serves by appHealthPath",
    ),
    "see what Docker says": by(
      "test/scripts/cut-over.test.ts",
      "keeps the old version running when the new version does not get its full weight",
    ),
    "or have it listen": by(
      "test/e2e/apps/images.test.ts",
      "is built by the app's own Dockerfile, on another port, without a failed request",
    ),
    "or, if that is right": by(
      "test/e2e/stack/own-app.test.ts",
      "refuses an app that never connects to the database, until appDatabase is false",
    ),
    "if the disk is full": by("test/scripts/cut-over-ended.test.ts", "after SIGTERM in the step"),
    "run it again: pulumi up": by(
      "test/scripts/cut-over-proxy.test.ts",
      "changes nothing before the settings of the new scripts",
    ),
  },
  "scripts/cut-over-proxy.sh": {
    "correct the setting proxyImage": by("lab/experiments/faults/app.ts", "proxy-image-wrong"),
  },
  "scripts/verify.sh": {
    "run pulumi up": inspect(
      "no test in the lab lets a release fail between its switch and its end",
    ),
    "see ./ops logs --all": why.look,
    "restore a backup": inspect("no test in the lab drops a single table"),
  },
  "scripts/wait-for-cloud-init.sh": {
    "correct their cause": by("lab/experiments/faults/machine.ts", "first-boot-failed"),
    "see /var/log/cloud-init-output.log": why.look,
    "see: systemctl status docker": why.look,
  },
};
