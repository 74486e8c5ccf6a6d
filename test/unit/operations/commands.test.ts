import { expect } from "chai";
import { readFileSync } from "node:fs";
import { format, resolveConfig } from "prettier";
import { asMarkdown, commands, ways, type Way } from "./commands.ts";
import { fixture, reaching, root, type Fixture } from "./fixture.ts";

/** A fake `ssh` for an app server that does not answer. */
const silent = `while [ "$1" != -E ]; do shift; done
  echo "ssh: connect to host 198.51.100.7 port 22: Connection timed out" >>"$2"; exit 255`;

/** Installs fakes of the scripts and programs that the commands call. */
function play({ machine }: Fixture, way: Way): void {
  const release = [
    "000001",
    "2026-01-02T03:04:05Z",
    "c0ffee",
    "app:1",
    "id",
    "01234",
    "-",
    "ann",
    "",
  ];
  const twoHoursAgo = new Date(Date.now() - 7_200_000).toISOString();
  const backup = ["backups/now-nightly", twoHoursAgo, "nightly", "01234", "c0ffee", "7"];
  const print = (fields: string[]) => `printf '%s\\n' $'${fields.join("\\t")}'`;
  const says = 'echo "(what the script prints)"';
  const unless = `if [ "\${1:-}" = nosuch ]; then echo "error: there is no backup nosuch" >&2; exit 1; fi`;
  machine.script("status.sh", "echo '{}'");
  machine.script("release-history.sh", print(release));
  machine.script("backups.sh", `if [ $# = 2 ]; then set -- "$2"; fi; ${unless}; ${print(backup)}`);
  machine.script("deploy-lock.sh", `shift; ${unless}; ${says}`);
  machine.script("logs.sh", says);
  machine.script("acceptance.sh", print(["disk", "ok", "9 MiB free", ""]));
  machine.script("publish-status.sh", "");
  machine.write("root/proxy/active", "blue\n");
  const there = (otherwise: string) =>
    `case "$*" in *nosuch*) echo "(runs it there)"; exit 127 ;; *) echo "(${otherwise})" ;; esac`;
  machine.fake("docker-compose", there("flask shell"));
  machine.fake("mysql", there("the mysql client"));
  machine.fake("nosuch", 'echo "(runs it there)"; exit 127');
  const shell = `if [ "\${*: -1}" = admin@198.51.100.7 ]; then echo "(the login shell)"; exit 0; fi`;
  machine.fake("ssh", `${shell}\n${reaching(machine)}`);
  if (way === "unreachable") machine.fake("ssh", silent);
  // ssh exits with 255 when a signal interrupts it.
  if (way === "Ctrl-C") machine.fake("ssh", "kill -INT $PPID; exit 255");
}

describe("Every command of ./ops", function () {
  this.timeout(60_000);
  const played = new Map<Way, Fixture>();
  before(() => {
    for (const way of Object.keys(ways) as Way[]) {
      played.set(way, fixture());
      play(played.get(way)!, way);
    }
  });
  after(() => played.forEach(({ machine }) => machine.remove()));

  for (const [command, outcomes] of Object.entries(commands)) {
    it(`ends with the documented exit status and first line: ${command}`, async () => {
      const found = [...played].map(async ([way, { machine }]) => {
        const { status, output } = await machine.start("ops", [command, ...ways[way]]).ended;
        const [first = "", second = ""] = output.split("\n");
        const line = (first.startsWith("dev · ") ? second : first)
          // What git says depends on its version.
          .replace(/(?<=nosuch cannot be read: ).*/, "…");
        return [way, [status, line.startsWith("page   ") ? "(the table)" : line]];
      });
      expect(Object.fromEntries(await Promise.all(found))).to.deep.equal(outcomes);
    });
  }

  it("has its row in docs/operations.md (test/unit/operations/commands.ts prints the table)", async () => {
    const options = { ...(await resolveConfig(`${root}docs/operations.md`)), parser: "markdown" };
    const documented = readFileSync(`${root}docs/operations.md`, "utf8");
    expect(documented).to.include(await format(asMarkdown(), options));
    for (const command of Object.keys(commands))
      expect(documented).to.match(new RegExp(`^\\s*\\./ops ${command}( |$)`, "m"));
  });

  it("is listed by --help, and nothing else is", () => {
    const [{ ops } = fixture()] = played.values();
    const listed = ops("--help").stdout.split("Commands:\n")[1]!.split("\n\n")[0]!;
    const names = listed.split("\n").map((line) => line.trim().split(" ")[0]);
    expect(names).to.deep.equal(Object.keys(commands));
  });
});
