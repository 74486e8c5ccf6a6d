/** The commands, their arguments and options, and what is said of others. */
import { Command, InvalidArgumentError, Option, type CommanderError } from "commander";
import { backup } from "./backup.ts";
import { backups } from "./backups.ts";
import { init } from "./init.ts";
import { logs, momentOf } from "./logs.ts";
import { ops } from "./names.ts";
import { patch } from "./patch.ts";
import { releases, rollback } from "./releases.ts";
import { restore, restoreTest } from "./restore.ts";
import { app, mysql, ssh } from "./shells.ts";
import { status } from "./status.ts";
import { verify } from "./verify.ts";

/** Old names of commands, and those of today. */
const renamed: Readonly<Record<string, string>> = {
  ...{ drill: "restore-test", "app:shell": "app", "db:shell": "mysql" },
};

/** Commands whose words are for the machine. */
const passOn = ["ssh", "app", "mysql"];

type StackName = string | undefined;
/** What a command does; resolves to the exit status. */
type Act = (stack: StackName, options: object, words: readonly string[]) => Promise<number>;
/** Adds a command, which can be told the stack. */
type Add = (command: string, description: string, example: string, act: Act) => Command;

/** The parser; what a command ends with is put into `result`. */
export function commandLine(result: { status: number }): Command {
  const program = new Command(ops)
    .usage("COMMAND [--stack NAME] …")
    .description("Operates a stack that is up: the one that Pulumi has selected, or --stack NAME.")
    .enablePositionalOptions()
    .configureHelp({ helpWidth: 100, subcommandTerm: (command) => command.name() })
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .addHelpText("after", `\n${ops} COMMAND --help shows its options and an example.`);
  const add: Add = (command, description, example, act) =>
    program
      .command(command)
      .description(description)
      .option("-s, --stack <name>", "the stack, if not the one that Pulumi has selected", value)
      .addHelpText("after", `\nExample:\n  ${ops} ${example}`)
      .action(async (...given: unknown[]) => {
        const options = given.at(-2) as { readonly stack?: string };
        // A word each, or all of them in a list.
        const words = given
          .slice(0, -2)
          .flat()
          .filter((word) => word !== undefined);
        result.status = await act(options.stack, options, words as string[]);
      });
  addReleases(add);
  addBackups(add);
  addShells(add);
  addInit(program, result);
  return program;
}

function addReleases(add: Add): void {
  add("status", "what serves, what is configured, and how the stack is", "status", status)
    .addOption(new Option("--json", "as JSON").conflicts("commit"))
    .option("--commit", "only the hash of the commit that serves");
  add("verify", "check that the whole stack works, in two minutes", "verify", verify).option(
    "--json",
    "as JSON",
  );
  add("releases", "the release history, oldest first", "releases --stack prod", releases).option(
    "--json",
    "as JSON",
  );
  add(
    "rollback",
    "serve the release before; again, the one before that",
    "rollback",
    rollback,
  ).option("--undo", "serve again what was rolled back");
  add(
    "patch",
    "upgrade the machine's packages, and the app's image on a newer base",
    "patch",
    patch,
  );
  add("logs", "what the app and the proxy have logged", "logs --follow --since 1h", logs)
    .option("-f, --follow", "go on with what is logged from now on, until Ctrl-C")
    .option("--since <when>", "from then on: 30m, 3h, 2d or 2026-01-02T03:04:05Z", moment)
    .option("-n, --lines <number>", "at most so many past lines (100, or all of --since)", count)
    .option("--all", "also health checks and the proxy's notices");
}

function addBackups(add: Add): void {
  add("backup", "make a backup now", "backup --to ~/backups", backup).option(
    "--to <directory>",
    "and copy it into a directory on this computer",
    value,
  );
  const from = "--from <place>";
  add("backups", "the backups, newest last", "backups", backups).option(
    from,
    "of another place: copy, s3://BUCKET, or a directory on this computer",
    value,
  );
  add(
    "restore [backup]",
    "put a backup, by default the newest, in the place of the live schema",
    "restore",
    restore,
  )
    .option("-y, --yes", "do not ask")
    .option(
      from,
      "of another place: copy, s3://BUCKET[/BACKUP], or a directory that backup --to has made",
      value,
    );
  add(
    "restore-test [backup]",
    "load a backup beside the live schema, compare it and remove it again",
    "restore-test",
    restoreTest,
  ).option(from, "of another place: copy, s3://BUCKET[/BACKUP], or a directory", value);
}

function addShells(add: Add): void {
  add("ssh [command...]", "log in, or run a command", "ssh -- ls -l '/tmp/a b'", ssh)
    .passThroughOptions()
    .addOption(new Option("--to <server>", "where").choices(["app", "test"]).default("app"));
  add(
    "app [command...]",
    "flask shell, or a command, in the app's container",
    "app -- flask --version",
    app,
  ).passThroughOptions();
  add(
    "mysql [arguments...]",
    "the mysql client, as the app's user",
    "mysql -- --execute 'SHOW TABLES'",
    mysql,
  ).passThroughOptions();
}

/** The one command that needs no stack. */
function addInit(program: Command, result: { status: number }): void {
  program
    .command("init <repository> [commit]")
    .description("look at an app's repository, and print the settings that fit it")
    .addHelpText("after", `\nExample:\n  ${ops} init https://github.com/OWNER/NAME.git main`)
    .action(async (repository: string, commit: string | undefined) => {
      result.status = await init(repository, commit);
    });
}

/** Refuses what is no value but a forgotten one. */
function value(text: string): string {
  if (text === "" || text.startsWith("-")) throw new InvalidArgumentError("It has no value.");
  return text;
}

function count(text: string): string {
  if (/^[1-9]\d{0,5}$/.test(text)) return text;
  throw new InvalidArgumentError("It is no number of lines from 1 to 999999.");
}

function moment(text: string): string {
  const duration = /^(?=\d)(\d+d)?(\d+[hms])*$/;
  const time = /^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d)?)?$/;
  if ((duration.test(text) || time.test(text)) && !Number.isNaN(momentOf(text))) return text;
  throw new InvalidArgumentError("It is neither a duration, as 30m, 3h or 2d, nor a time.");
}

/** Says what is wrong with a command line, whose words are `argv`, and returns the exit status. */
export function misunderstood(error: CommanderError, argv: readonly string[]): number {
  if (error.exitCode === 0) return 0;
  // Without a command the help is printed, which says it all.
  if (error.code === "commander.help") return 2;
  const [problem = "", suggested] = error.message.split(/\n\(Did you mean (?:one of )?(.*)\?\)/);
  const [name = ""] = argv;
  const known = error.code !== "commander.unknownCommand";
  const command = known ? `${ops} ${name}` : ops;
  if (!known && renamed[name]) {
    console.error(`error: ${name} is called ${renamed[name]} now`);
    console.error(`remedy: use ${ops} ${renamed[name]}`);
    return 2;
  }
  let remedy = `see ${command} --help`;
  if (suggested) remedy = `use ${suggested.replaceAll(", ", " or ")}, or ${remedy}`;
  else if (error.code === "commander.unknownOption" && passOn.includes(name))
    remedy = `put -- before the command and its options: ${command} -- …`;
  const excess = /Expected (\d) .* got \d+: (.*)\.$/.exec(problem);
  const takes = excess && `takes ${excess[1] === "0" ? "no" : `at most ${excess[1]}`} argument`;
  console.error(excess ? `error: ${name} ${takes}: ${excess[2]}` : problem);
  console.error(`remedy: ${remedy}`);
  return 2;
}
