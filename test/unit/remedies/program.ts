/** The remedies of the program and of ./ops. */
import { by, inspect, why, type Table } from "./row.ts";

const firstUp = by("test/e2e/stack/first-up.test.ts", "ends by `npm run lab`");
const settings = by(
  "test/e2e/engine/settings.test.ts",
  "cause errors whose remedies correct every problem",
);
const refused = by("test/unit/settings-refused.test.ts", "refuse ${key}");
const refusedOfDatabase = by(
  "test/unit/settings-database.test.ts",
  "are refused until the remedy is applied",
);
const refusedOfTasks = by(
  "test/unit/settings-tasks.test.ts",
  "are refused until the remedy is applied",
);
const start = "test/unit/operations/start.test.ts";
const from = "test/unit/operations/restore-from.test.ts";
const inCopy = "test/e2e/api/backup-copy.test.ts";
const inAccount = (title: string) => by("test/e2e/engine/account-checks.test.ts", title);
const chosenValue = inspect("the value is the user's to choose");
const account = inspect("it says how to reach the user's own state, key or passphrase");
const ownFiles = inspect("the files of the user's computer are the user's to change");
const ownNetwork = inspect("the network of the user's computer is the user's to change");
const older = inspect("no test in the lab has a machine of an earlier version");

const ofOrigin = by(
  "test/unit/database-origin.test.ts",
  "is refused before anything is created: ${limit}",
);

const ofCi = (title: string) => by("test/e2e/engine/ci.test.ts", title);

export const ofProgram: Table = {
  "compute/tasks/remove-parameters.ts": {
    "allow your AWS credentials": by(
      "test/e2e/api/remove-parameters.test.ts",
      "stay where AWS refuses it, which is an error, and go once the remedy is applied",
    ),
  },
  "ci/github.ts": {
    "aws iam create-open-id-connect-provider": ofCi("refused without the account's provider"),
    "aws iam add-client-id-to-open-id-connect-provider": ofCi("refused without AWS's audience"),
  },
  "settings/ci.ts": {
    "use the output of": chosenValue,
    "leave out some": chosenValue,
    "pulumi config set ciRepository": by("test/unit/ci.test.ts", "refuse policies without"),
  },
  "database/find-origin.ts": {
    "log in to AWS": inspect("the rights of the user are given by somebody else in the account"),
    "use one of": chosenValue,
  },
  "database/origin.ts": {
    "name ": chosenValue,
    "pulumi config set": ofOrigin,
    "use ": by("test/unit/database-origin.test.ts", "is refused outside of the window: ${time}"),
    "wait for it": inspect("only AWS makes a snapshot available"),
  },
  "deployer/first-contact.ts": {
    "find out which machine": why.look,
    "run ": why.look,
  },
  "deployer/serving.ts": {
    "if the bucket is gone": by("lab/experiments/faults/access.ts", "backup-bucket-gone"),
    "to keep the commit that serves": by(
      "test/e2e/stack/operations.test.ts",
      "lets it go on after `rollback --undo`",
    ),
  },
  "deployer/unreachable.ts": {
    "replace the machine and its host key": by(
      "lab/experiments/faults/machine.ts",
      "first-boot-failed",
    ),
    "run ": why.look,
  },
  "network/checkip.ts": {
    "log in to": ownNetwork,
    "use a network": ownNetwork,
    "try again": ownNetwork,
  },
  "network/ssh-access.ts": {
    "log in to AWS": inspect("the rights of the user are given by somebody else in the account"),
  },
  "network/dns.ts": {
    "run pulumi up": by("test/unit/dns.test.ts", "stops the program when Route 53 does not answer"),
    "pulumi config set dnsZone": by(
      "test/e2e/engine/domain.test.ts",
      "is refused where Route 53 is denied, and the remedy makes no record",
    ),
    "pulumi config rm dnsZone": by("test/unit/dns.test.ts", "is the one that dnsZone names"),
    "pulumi config set domain": by(
      "test/e2e/engine/domain.test.ts",
      "refuses the record of somebody else, and its remedy sets another name",
    ),
  },
  "network/existing.ts": {
    "pulumi config set vpcCidr": inAccount("its remedy sets the range of the VPC"),
  },
  "network/quotas.ts": {
    "aws service-quotas": inspect(
      "AWS decides on the request, and what to delete is the user's choice",
    ),
  },
  "network/placement.ts": {
    "use credentials of": inAccount("refuses an account that aws:allowedAccountIds does not name"),
  },
  "network/zones.ts": {
    "name some of these": chosenValue,
    "pulumi config set instanceType": inAccount("its remedy sets one that exists"),
    "pulumi config set natGateways none": by("test/unit/zones.test.ts", "AWS does not offer there"),
  },
  "operations/backup.ts": {
    "try again": by(
      "test/unit/operations/backup.test.ts",
      "rejects a copy whose dump does not match its manifest",
    ),
  },
  "operations/backup-bucket.ts": {
    "write s3://BUCKET": by(from, "uses the newest backup of a directory"),
    "name one that exists": chosenValue,
    "if you trust its owner": inspect("whom to trust is the user's decision"),
    "log in to AWS": inspect("the rights of the user are given by somebody else in the account"),
  },
  "operations/backup-copy.ts": {
    "copy them": by(inCopy, "is compared with the backups by ./ops verify"),
    "log in to AWS": inspect("the rights of the user are given by somebody else in the account"),
    "name a bucket": by(from, "uses the newest backup of a directory"),
  },
  "operations/backup-directory.ts": {
    "give yourself the right": ownFiles,
    "name the directory": by(from, "copies a backup from a directory into the stack's bucket"),
  },
  "operations/backup-places.ts": {
    "restore its own backup": by(
      "test/unit/operations/restore.test.ts",
      "shows the stack, the backup, its age and the loss",
    ),
  },
  "operations/backup-store.ts": {
    "choose another backup": by(from, "uses the newest backup of a directory"),
    "see what is there": why.look,
  },
  "operations/restore.ts": {
    "make one": by(
      "test/scripts/backup.test.ts",
      "can be chosen by backups.sh, which says how to make one",
    ),
    "run: ": by(
      "test/unit/operations/restore.test.ts",
      "requires --yes without a terminal, and prints the command",
    ),
    "run the same command again": by(
      "test/unit/operations/restore.test.ts",
      "asks for the stack's name on a terminal, and restores",
    ),
    "name a backup of another stack": by(from, "copies a backup from a directory"),
    "try again": by(from, "breaks off the transfer when the backup cannot be read to its end"),
  },
  "operations/command-line.ts": {
    "use ./ops": by(start, "refuses the former name of a command and names the current one"),
    "see ${…} --help": by(start, "refuses invalid arguments before it calls Pulumi"),
    "use ${…}, or": by(start, "refuses invalid arguments before it calls Pulumi"),
    "put -- before": by(
      "test/unit/operations/ssh.test.ts",
      "passes each word of a command unchanged",
    ),
  },
  "operations/init.ts": {
    "install both": why.computer,
    "correct the address": by(
      "test/unit/operations/init.test.ts",
      "refuses a repository that cannot be read and a name that it does not have",
    ),
    "name one that is pushed": by(
      "test/unit/operations/init.test.ts",
      "refuses a repository that cannot be read and a name that it does not have",
    ),
    "see ": why.look,
  },
  "operations/machine.ts": {
    "install them": older,
    "see what goes on there": by("lab/experiments/faults/machine.ts", "connection-cut"),
    "install OpenSSH": why.computer,
    "if an up was interrupted": by("lab/experiments/faults/host-key.ts", "host-key-changed"),
    "replace the machine": by("lab/experiments/faults/machine.ts", "key-refused"),
    "check that the machine runs": why.look,
  },
  "operations/outputs.ts": {
    "run: pulumi up": firstUp,
    "install the Pulumi CLI": why.computer,
    "name one of those": by(start, "uses the stack of --stack or -s"),
    "add --stack NAME": by(start, "uses the stack of --stack or -s"),
    "set PULUMI_CONFIG_PASSPHRASE": account,
    "log in where": account,
    "see what it says": why.look,
  },
  "operations/shells.ts": { "release one": firstUp },
  "operations/status.ts": { "release one": firstUp, "install this version's scripts": older },
  "operations/verify.ts": {
    "create the record that this prints": inspect("the user's DNS provider has the record"),
    "follow the remedy of the row certificate": why.look,
    "if the row app has failed": why.look,
    "if the row tasks has failed": why.look,
    "if pulumi stack output dnsRecord": inspect("the user's DNS provider has the record"),
    "follow the remedies of the rows": why.look,
    "see the differences": by(
      "test/e2e/stack/verify.test.ts",
      "fails for a rule that opens SSH to everybody",
    ),
    "see what it says": why.look,
    "see the messages above": why.look,
  },
  ops: { "run: (cd": why.computer },
  "settings/app-schedule.ts": { "pulumi config": settings },
  "settings/app-variables.ts": {
    "pulumi config": settings,
    "${…}\nor, to have none": by(
      "test/e2e/engine/settings.test.ts",
      "refuse an empty secret of the app's own, until it is removed",
    ),
    "use a file": chosenValue,
  },
  "settings/app.ts": { "use ": refused, "name one": chosenValue },
  "settings/backup-copy.ts": { "use ": refused },
  "settings/database.ts": { "use ": refusedOfDatabase },
  "settings/domain.ts": { "use ": refused },
  "settings/fields.ts": { "use the address without": chosenValue },
  "settings/keys.ts": { "set --path": settings, "pulumi config": settings },
  "settings/publishing.ts": {
    "pulumi config set --secret publishToken": settings,
    "set publishRepository": chosenValue,
    "pulumi config set": by("test/unit/settings.test.ts", "refuse publishDump without a site"),
  },
  "settings/rules.ts": {
    "use ": refused,
    "create a stack": inspect("a stack's name is the user's to choose"),
    "${…}\nor, to let in": settings,
    "name fewer zones": chosenValue,
    "pulumi config": settings,
    "set it to true": by("test/e2e/stack/environments.test.ts", "only its name destroys it"),
  },
  "settings/schema.ts": {
    "use ": refused,
    "use such a one": chosenValue,
    "use the output of": chosenValue,
    "remove the second one": chosenValue,
    "use the name alone": chosenValue,
  },
  "settings/tasks.ts": {
    "use ": refusedOfTasks,
    "pulumi config": refusedOfTasks,
  },
  "settings/windows.ts": { "use ": refusedOfDatabase },
  "storage/backup-copy.ts": {
    "log in to AWS": inspect("the rights of the user are given by somebody else in the account"),
    "use one of": chosenValue,
  },
  "storage/public-access-block.ts": {
    "pulumi config set site private": by(
      "test/e2e/engine/site-access.test.ts",
      "is created when it is private, and only the account can read it",
    ),
  },
  "tools/node-version.sh": { "install Node": why.computer },
};
