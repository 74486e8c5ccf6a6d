import { expect } from "chai";
import { statusText, type Status } from "../../../operations/status.ts";
import { outputs } from "./fixture.ts";

const [one, two] = ["a".repeat(40), "b".repeat(40)];
const now = Date.parse("2026-01-02T12:00:00Z");
const serving: NonNullable<Status["serving"]> = {
  commit: one,
  image: "app:1",
  since: "2026-01-02T10:00:00Z",
  by: "ann@desk",
  action: "release",
  before: null,
  rolledBack: [],
  release: "000003",
};
const good: Status = {
  serving,
  health: { status: 200, seconds: 0.0123 },
  certificate: { state: "issued", end: "2026-01-08T20:00:00Z", issuer: "YE1", refusal: null },
  revision: "0123456789ab",
  lastFailedRelease: null,
  lastBackup: { key: "backups/x-nightly", created: "2026-01-02T03:00:00Z" },
  lastRestoreTest: "2025-12-30T03:00:00Z",
  processes: [],
  updates: {
    ...{ upgraded: "2026-01-01T06:00:00Z", base: "2025-12-12T12:00:00Z" },
    ...{ pending: 0, reboot: false, tasksBehind: false },
  },
  failedJobs: [],
  download: null,
  lock: null,
  disk: { freeMb: 8000, totalMb: 16000 },
  files: null,
  memory: { availableMb: 300, totalMb: 960 },
};

describe("The text of ./ops status", () => {
  const commands = {
    ops: (...words: string[]) => `./ops ${words.join(" ")}`,
    pulumi: (...words: string[]) => `pulumi ${words.join(" ")}`,
  };
  const text = (
    changes: Partial<Status> = {},
    configuredCommit: string | null = one,
    others: Partial<typeof outputs> = {},
  ) => {
    const configured = configuredCommit === null ? {} : { configuredCommit };
    const { region, appUrl, siteUrl, siteBucket } = { ...outputs, ...others };
    const told = { region, appUrl, siteUrl, siteBucket, ...configured };
    return statusText({ ...good, ...changes }, told, commands, now);
  };
  /** The lines of a label, without the label. */
  const said = (label: string, ...args: Parameters<typeof text>) => {
    const lines = text(...args);
    const from = lines.findIndex((line) => line.startsWith(label));
    const rest = lines.slice(from + 1).findIndex((line) => !line.startsWith("  "));
    return lines.slice(from, rest < 0 ? undefined : from + 1 + rest).map((line) => line.slice(14));
  };

  it("describes a healthy stack on one screen", () => {
    expect(text()).to.deep.equal([
      `serves        ${one}`,
      "              release 000003, released by ann@desk, since 2026-01-02 10:00 UTC (2 h ago)",
      "configured    the same commit; nothing is pending",
      "app           http://198.51.100.7",
      "page          answers 200 in 12 ms",
      "certificate   by YE1, until 2026-01-08 20:00 UTC",
      "packages      upgraded 30 h ago; none is newer",
      "image         its base is 21 days old",
      "schema        revision 0123456789ab",
      "last backup   9 h ago: backups/x-nightly",
      "restore test  passed 2025-12-30 03:00 UTC (3 days ago)",
      "cron jobs     all succeed",
      "site          http://site-1.s3-website.example",
      "              offers no download",
      "disk          7.81 GiB free of 16 GiB",
      "memory        0.29 GiB available of 0.94 GiB",
    ]);
  });

  it("names what is to be done about packages, the kernel and the tasks' image", () => {
    const old = { upgraded: null, base: null, pending: 3, reboot: true, tasksBehind: true };
    expect(said("packages", { updates: old })).to.deep.equal([
      "no upgrade is known; 3 newer: ./ops patch",
      "A NEW KERNEL WAITS for a restart, which takes the page away for about a minute:",
      "  ./ops ssh -- sudo systemctl reboot",
    ]);
    expect(said("image", { updates: old })).to.deep.equal([
      "unknown",
      "THE TASKS RUN THE ONE BEFORE; give them this one: pulumi up",
    ]);
    expect(said("packages", { updates: null })).to.deep.equal(["unknown"]);
    const scriptsOfBefore = text({ updates: undefined });
    expect(scriptsOfBefore.filter((line) => /^(packages|image)/.test(line))).to.deep.equal([]);
  });

  it("says how much the app's files take, and whether there is room to restore them", () => {
    const files = { directory: "/app/uploads", usedMb: 1536 };
    expect(said("files", { files })).to.deep.equal(["1.50 GiB in /app/uploads"]);
    expect(said("files", { files, disk: { freeMb: 2047, totalMb: 16000 } })).to.deep.equal([
      ...["1.50 GiB in /app/uploads", "CANNOT BE RESTORED: that needs 2.00 GiB free"],
    ]);
    expect(text().join("\n")).to.not.include("files");
  });

  for (const [state, line] of [
    ["self-signed", "SELF-SIGNED, so browsers warn"],
    ["late", "NOT RENEWED; it ends 2026-01-08 20:00 UTC"],
    ["expired", "EXPIRED 2026-01-08 20:00 UTC"],
  ] as const) {
    it(`says what is wrong with a certificate that is ${state}, and what the CA says`, () => {
      const certificate = { ...good.certificate!, state, refusal: "HTTP 429" };
      expect(said("certificate", { certificate })).to.deep.equal([line, "the CA says: HTTP 429"]);
    });
  }

  it("says who gets the alarms, and how to confirm an address that does not yet", () => {
    const topic = "arn:aws:sns:us-east-1:123456789012:alarms-page";
    const page = { region: "us-east-1", topic, email: "ops@example.com" };
    const own = { ...page, region: "us-west-2", state: "confirmed" } as const;
    const alarms = (state: "confirmed" | "pending" | "missing" | "unknown") =>
      said("alarms", { alarms: [own, { ...page, state }] });
    expect(alarms("confirmed")).to.deep.equal(["mailed to ops@example.com"]);
    expect(alarms("pending")).to.deep.equal([
      "NOT MAILED: ops@example.com is not confirmed in us-east-1",
      "follow the link in the mail of AWS Notifications; for another mail, run:",
      `  aws sns subscribe --region us-east-1 --topic-arn ${topic} --protocol email --notification-endpoint ops@example.com`,
    ]);
    expect(alarms("missing")).to.deep.equal([
      "NOT MAILED: ops@example.com is not subscribed in us-east-1",
      "subscribe it, then follow the link in the mail of AWS Notifications: pulumi up --refresh",
    ]);
    expect(alarms("unknown")).to.deep.equal([
      "UNKNOWN whether ops@example.com gets those of us-east-1",
    ]);
    expect(said("alarms", { alarms: [] }), "which cannot be found out").to.deep.equal(["unknown"]);
    expect(text().join("\n"), "of a stack without alarms").to.not.include("alarms");
  });

  it("has no line for the certificate without HTTPS", () => {
    expect(text({ certificate: null }).join("\n")).to.not.include("certificate");
  });

  it("has a line for each process, which shows one that does not run or was started again", () => {
    const processes = [
      { name: "beat", state: "running", restarts: 0, image: "app:1" },
      { name: "worker", state: "restarting", restarts: 3, image: "app:2" },
    ];
    expect(said("processes", { processes })).to.deep.equal([
      "beat: running, image app:1",
      "worker: RESTARTING, STARTED AGAIN 3 times, image app:2",
    ]);
    expect(text({ processes: undefined }), "of earlier scripts").to.deep.equal(text());
  });

  it("names the command that releases the configured commit", () => {
    expect(said("configured", {}, two)).to.deep.equal([
      two,
      "NOT WHAT SERVES; release it: pulumi up",
    ]);
    expect(said("configured", { serving: null }, two)).to.deep.equal([
      two,
      "NOT RELEASED; release it: pulumi up",
    ]);
    expect(said("serves", { serving: null })).to.deep.equal(["NOTHING"]);
  });

  it("names both ways to continue after a failed release of the configured commit", () => {
    const lastFailedRelease = {
      ...{ time: "2026-01-02T11:00:00Z", commit: two.slice(0, 12), step: "deploy" },
    };
    expect(said("configured", { lastFailedRelease }, two)).to.deep.equal([
      two,
      "NOT WHAT SERVES, because its release failed",
      "to keep what serves, run:",
      `  pulumi config set appCommit ${one} && pulumi up`,
      "to see why, and to try again after the cause is corrected, run: pulumi up",
    ]);
  });

  it("names both ways to continue after a rollback", () => {
    const rolled = { ...serving, action: "rollback", rolledBack: ["app:2"] } as const;
    expect(said("serves", { serving: rolled })[1]).to.match(/rollback by ann@desk/);
    expect(said("configured", { serving: rolled }, two)).to.deep.equal([
      two,
      "NOT WHAT SERVES, because it was rolled back",
      "to keep what serves, run:",
      `  pulumi config set appCommit ${one} && pulumi up`,
      "to serve what is configured, run:",
      "  ./ops rollback --undo",
    ]);
    expect(said("configured", { serving: rolled }, one)).to.deep.equal([
      "the same commit, but ROLLED BACK to an older image of it",
      "to serve what is configured, run:",
      "  ./ops rollback --undo",
    ]);
  });

  it("reports failures, the deploy lock and a missing backup", () => {
    const failed = { time: "2026-01-02T11:00:00Z", commit: two, step: "migrate" };
    expect(said("failed", { lastFailedRelease: failed })).to.deep.equal([
      `the release of ${two}`,
      "at migrate, 2026-01-02 11:00 UTC (60 min ago)",
    ]);
    const before = { ...failed, time: "2026-01-02T09:59:59Z" };
    expect(text({ lastFailedRelease: before })).to.deep.equal(text());
    const backupCopy = { region: "us-east-2", key: "backups/x-nightly", created: "2026-01-02" };
    expect(said("its copy", { backupCopy })).to.deep.equal(["in us-east-2"]);
    expect(said("page", { health: { status: 0, seconds: 0 } })).to.deep.equal(["DOES NOT ANSWER"]);
    expect(said("page", { health: { status: 502, seconds: 1 } })[0]).to.match(/^FAILS: .* 502 /);
    const failedJobs = [{ job: "backup", since: "2026-01-01T03:00:00Z" }];
    expect(said("cron jobs", { failedJobs })[0]).to.match(/^backup FAILS since 2026-01-01 03:00/);
    expect(said("deploy lock", { lock: "ann@desk since 11:59" })).to.deep.equal([
      "held by ann@desk since 11:59",
    ]);
    expect(said("last backup", { lastBackup: null })).to.deep.equal([
      "none; make one: ./ops backup",
    ]);
  });

  it("names who can read the site, and how to download its files", () => {
    const download = "app.zip";
    expect(said("site", { download })).to.deep.equal([
      "http://site-1.s3-website.example",
      "offers http://site-1.s3-website.example/app.zip",
    ]);
    expect(said("site", { download }, one, { siteUrl: "" })).to.deep.equal([
      "private: this AWS account alone reads s3://site-1",
      "offers app.zip",
      "to download what it holds, run:",
      "  aws s3 sync s3://site-1 site --region us-west-2",
    ]);
    expect(said("site", {}, one, { siteUrl: "" })).to.include("offers no download");
    expect(said("site", {}, one, { siteUrl: "", siteBucket: "" })).to.deep.equal(["none"]);
  });

  it("fits into 100 columns, and marks unknown values", () => {
    const rolled = { ...serving, action: "rollback" } as const;
    for (const line of text({ serving: rolled }, two)) expect(line).to.have.length.of.at.most(100);
    const nothing = Object.fromEntries(Object.keys(good).map((key) => [key, null]));
    expect(text(nothing, null).filter((line) => /unknown|none|NOTHING/.test(line))).to.have.length(
      11,
    );
  });

  describe("with tasks", () => {
    const group = { commit: one, zone: "us-west-2a", running: 2, healthy: 2 };
    const tasks = { wanted: 3, running: 3, healthy: 3, problems: [] };

    it("tells how many are wanted, running and healthy, by version and zone", () => {
      const other = { ...group, zone: "us-west-2b", running: 1, healthy: 1 };
      expect(said("tasks", { tasks: { ...tasks, groups: [group, other] } })).to.deep.equal([
        "3 wanted, 3 running, 3 healthy",
        "us-west-2a: 2 of 2 healthy, commit aaaaaaaaaaaa",
        "us-west-2b: 1 of 1 healthy, commit aaaaaaaaaaaa",
      ]);
    });

    it("tells the limits of their number, if it changes by itself", () => {
      const given = { ...tasks, least: 2, most: 4, groups: [] };
      expect(said("tasks", { tasks: given })).to.deep.equal([
        "3 wanted (least 2, most 4), 3 running, 3 healthy",
      ]);
    });

    it("says why any is not, and which run another version than the app server", () => {
      const groups = [{ ...group, commit: two, healthy: 1 }];
      const problems = ["task 0a1b is unhealthy: Health checks failed"];
      const given = { ...tasks, running: 2, healthy: 1, groups, problems };
      expect(said("tasks", { tasks: given })).to.deep.equal([
        "NOT ALL ARE HEALTHY: 3 wanted, 2 running, 1 healthy",
        "us-west-2a: 1 of 2 healthy, commit bbbbbbbbbbbb, NOT WHAT THE APP SERVER SERVES",
        "task 0a1b is unhealthy: Health checks failed",
      ]);
      const row = said("tasks", { tasks: given });
      expect(said("workers", { tasks: { ...given, workers: given } })).to.deep.equal(row);
      expect(said("tasks", { tasks: null })).to.deep.equal(["unknown"]);
    });
  });
});
