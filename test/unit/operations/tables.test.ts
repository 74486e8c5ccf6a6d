import { expect } from "chai";
import { backupTable } from "../../../operations/backups.ts";
import { age, time } from "../../../operations/format.ts";
import {
  parseReleases,
  releaseTable,
  servingLines,
  withServers,
  type Serves,
} from "../../../operations/releases.ts";
import { fixture } from "./fixture.ts";

const now = Date.parse("2026-01-02T12:00:00Z");

describe("Ages and times", () => {
  it("are shown in one unit, and are never negative", () => {
    const ages = [-5, 0, 89, 90, 5399, 5400, 36 * 3600 - 1, 36 * 3600, 10 * 86400];
    expect(
      ages.map((seconds) => age(new Date(now - seconds * 1000).toISOString(), now)),
    ).to.deep.equal(["0 s", "0 s", "89 s", "2 min", "90 min", "2 h", "36 h", "2 days", "10 days"]);
    expect(age("?", now)).to.equal("?");
    expect(time("2026-01-02T03:04:05Z")).to.equal("2026-01-02 03:04 UTC");
  });
});

const commit = "c0ffee".repeat(7).slice(0, 40);
const stored = "backups/20260102T030405Z-before-0123456789ab";
const history = [
  ["000001", "preflight=10.5 migrate=10.2 cut-over=20.1 verify=10.3"],
  ["000002", "failed prepare-database preflight=1.0"],
  ["000003", "rollback"],
  ["000004", "undo"],
]
  .map(([number, detail]) =>
    [
      number,
      "2026-01-02T03:04:05Z",
      commit,
      "app:1",
      "id",
      "0123456789ab",
      stored,
      "ann@desk",
      detail,
    ].join("\t"),
  )
  .join("\n");

describe("The release history", () => {
  it("is a table of at most 100 columns that marks failed releases", () => {
    const lines = releaseTable(parseReleases(history));
    const each = "2026-01-02 03:04  c0ffeec0ffee  0123456789ab";
    expect(lines).to.deep.equal([
      "release  time (UTC)        commit        schema        what                        by",
      `000001   ${each}  released in 51 s            ann@desk`,
      `000002   ${each}  FAILED at prepare-database  ann@desk`,
      `000003   ${each}  rollback                    ann@desk`,
      `000004   ${each}  rollback undone             ann@desk`,
    ]);
    const patched = history.split("\n")[0]!.replace("app:1", "app:1-p20260102030405");
    expect(releaseTable(parseReleases(patched))[1]).to.include("  patched in 51 s  ");
    const long = parseReleases(
      history.replaceAll("ann@desk", "somebody@a-long-name.of-a-machine.example"),
    );
    for (const line of releaseTable(long)) expect(line).to.have.length.of.at.most(100);
  });

  const serves = (image: string, ...commits: string[]): Serves[] => [
    { by: "app server", what: image },
    ...commits.map((what) => ({ by: "tasks" as const, what })),
  ];
  const two = parseReleases(
    ["1", "2", "3"]
      .map((number) => {
        const fields = [
          `00000${number}`,
          "2026-01-02T03:04:05Z",
          `commit-${number}`,
          `app:${number}`,
        ];
        return [...fields, "id", "a1", "-", "ann", number === "3" ? "failed verify" : "-"].join(
          "\t",
        );
      })
      .join("\n"),
  );

  it("tells in one line what app server and tasks serve, in one for each where they differ", () => {
    expect(servingLines(two, [])).to.deep.equal([]);
    expect(servingLines(two, serves("app:2", "commit-2"))).to.deep.equal([
      "app server and tasks: release 000002, commit commit-2",
    ]);
    expect(servingLines(two, serves("app:2", "commit-1"))).to.deep.equal([
      "app server: release 000002, commit commit-2",
      "tasks:      release 000001, commit commit-1",
    ]);
    expect(servingLines(two, serves("app:2", "commit-1", "commit-2"))).to.have.length(3);
    expect(servingLines(two, serves("", "?"))).to.deep.equal([
      "app server: nothing",
      "tasks:      unknown: ECS does not tell",
    ]);
    expect(servingLines(two, serves("app:3", "commit-9"))).to.deep.equal([
      "app server: app:3, which is no release",
      "tasks:      commit commit-9, which is no release",
    ]);
    expect(servingLines(two, serves("app:2")), "no task runs").to.deep.equal([
      "app server: release 000002, commit commit-2",
    ]);
  });

  it("tells what workers run where tasks run them", () => {
    const workers = (what: string): Serves => ({ by: "workers", what });
    expect(servingLines(two, [...serves("app:2", "commit-2"), workers("commit-2")])).to.deep.equal([
      "app server, tasks and workers: release 000002, commit commit-2",
    ]);
    const differ = [...serves("app:2", "commit-2"), workers("commit-1")];
    expect(servingLines(two, differ)[2]).to.equal("workers:    release 000001, commit commit-1");
    expect(withServers(two, differ)[0]!.serves).to.deep.equal(["workers"]);
  });

  it("names the servers of each release as data, the newest of those with the same commit", () => {
    expect(withServers(two, [])[0]).to.not.have.property("serves");
    const marked = (...of: string[]) =>
      withServers(two, serves("app:2", ...of)).map(({ serves: servers }) => servers);
    expect(marked("commit-1")).to.deep.equal([["tasks"], ["app server"], []]);
    expect(marked("commit-2")).to.deep.equal([[], ["app server", "tasks"], []]);
    const twice = [...two, { ...two[0]!, number: "000004", action: "rollback" as const }];
    expect(withServers(twice, serves("app:1", "commit-1")).at(-1)!.serves).to.deep.equal([
      ...["app server", "tasks"],
    ]);
  });

  it("is printed with what serves where tasks do", () => {
    const { machine, ops } = fixture();
    machine.write("history", `${history}\n`);
    machine.script("release-history.sh", `cat '${machine.home}/history'`);
    machine.script(
      "who-serves.sh",
      `printf 'serves\tapp server\tapp:1\nserves\ttasks\t${commit}\n'`,
    );
    const [text, json] = [ops("releases").stdout, ops("releases", "--json").stdout];
    machine.remove();
    expect(text.split("\n").slice(-3)).to.deep.equal([
      ...["", "app server and tasks: release 000004, commit c0ffeec0ffee", ""],
    ]);
    expect((JSON.parse(json) as unknown[]).at(-1)).to.deep.include({
      serves: ["app server", "tasks"],
    });
  });

  it("is printed as JSON with --json, with the seconds of each step", () => {
    const { machine, ops } = fixture();
    machine.write("history", `${history}\n`);
    machine.script("release-history.sh", `cat '${machine.home}/history'`);
    const [first, second] = JSON.parse(ops("releases", "--json").stdout) as unknown[];
    machine.remove();
    expect(first).to.deep.equal({
      ...{ number: "000001", time: "2026-01-02T03:04:05Z", commit, image: "app:1", imageId: "id" },
      ...{ revision: "0123456789ab", backup: stored, by: "ann@desk", action: "release" },
      failedStep: null,
      seconds: { preflight: 10.5, migrate: 10.2, "cut-over": 20.1, verify: 10.3 },
    });
    expect(second).to.include({ action: "failed", failedStep: "prepare-database" });
  });
});

describe("The list of backups", () => {
  it("is a table of at most 100 columns that shows the age of each backup", () => {
    const rows = [
      [stored, "2026-01-01T12:00:00Z", "before-0123456789ab", "0123456789ab", commit, "1234", "56"],
      [
        "backups/20260102T110000Z-by-hand",
        "2026-01-02T11:00:00Z",
        "by-hand",
        "0123456789ab",
        "-",
        "7",
      ],
    ];
    const lines = backupTable(rows.map((fields) => `${fields.join("\t")}\n`).join(""), now);
    expect(lines).to.deep.equal([
      "backup                                        age     rows  files  schema        commit",
      `${stored}  24 h    1234  56     0123456789ab  c0ffeec0ffee`,
      "backups/20260102T110000Z-by-hand              60 min  7     -      0123456789ab  -",
    ]);
    for (const line of lines) expect(line).to.have.length.of.at.most(100);
  });
});
