import { expect } from "chai";
import { rmSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { FakeMachine } from "../support/machine.ts";

/** What `./ops status` reads. */
interface Status {
  readonly serving: (Record<string, unknown> & { readonly release: string | null }) | null;
  readonly health: { readonly status: number; readonly seconds: number };
  readonly certificate: (Record<"state" | "end" | "issuer", string> & { refusal: null }) | null;
  readonly revision: string | null;
  readonly lastFailedRelease: Record<"step" | "time" | "commit", string> | null;
  readonly lastBackup: Record<"key" | "created", string> | null;
  readonly backupCopy?: Record<"region" | "key" | "created", string | null>;
  readonly lastRestoreTest: string | null;
  readonly processes: readonly object[];
  readonly updates: object | null;
  readonly failedJobs: readonly Record<"job" | "since", string>[];
  readonly download: string | null;
  readonly lock: string | null;
  readonly disk: Record<"freeMb" | "totalMb", number>;
  readonly files: { readonly directory: string; readonly usedMb: number } | null;
  readonly memory: Record<"availableMb" | "totalMb", number>;
}

describe("The status of the app server", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack();
    machine.s3();
    machine.mysql({ "SHOW?TABLES?LIKE*": "alembic_version", "SELECT?version_num*": "a1" });
    machine.fake("docker", `[ "$1 $2" = "image inspect" ] && echo c0ffee`);
    machine.fake("curl", `[[ "$*" == *" https://app.example/login" ]] && printf '200 0.012345\\n'`);
    machine.script("certificate.sh", "printf 'issued\\t2026-01-08\\tCA\\t\\n'");
    machine.script("updates-status.sh", "printf '2026-01-01T03:04:05Z\\t3\\treboot\\t-\\t-\\n'");
    machine.fake("df", `[[ $* == *" ${machine.root}" ]] && printf 'Avail Size\\n 511 8000\\n'`);
  });
  afterEach(() => machine.remove());

  /** Runs the script, which must print one line of JSON and nothing else. */
  const status = () => {
    const { status, stdout, stderr } = machine.run("status.sh");
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: "" });
    expect(stdout).to.match(/^\{.*\}\n$/);
    return JSON.parse(stdout) as Status;
  };
  const at = (path: string, seconds: number) => {
    const time = Date.parse("2026-01-02T03:04:05Z") / 1000 + seconds;
    utimesSync(join(machine.home, path), time, time);
  };
  /** Ends a detached run with this status. */
  const ended = (run: "build" | "deploy", status: string, image: string, seconds = 0) => {
    const call = `deploy-lock.sh ${run}.sh flask-on-aws-app:${image}-0123abcd beef  stack.env`;
    machine.write(`root/runs/${run}.call`, call);
    machine.write(`root/runs/${run}.status`, status);
    at(`root/runs/${run}.status`, seconds);
  };
  const image = "flask-on-aws-app:c0ffee-1";
  const history = (...details: string[]) => {
    details.forEach((detail, i) => {
      const fields = [`00000${i + 1}`, "t", "c0ffee", image, "id", "a1", "-", "ann", detail];
      machine.write(`root/ledger/00000${i + 1}`, `${fields.join("\t")}\n`);
    });
  };

  it("has all members when the app server is healthy", () => {
    machine.run("serving.sh", ["record", image, "release"], "", { LEASE_OWNER: "ann@desk" });
    history("cut-over=1.0", "failed cut-over preflight=1.0");
    machine.write(
      "s3/backups/20260101T030405Z-nightly/manifest",
      "created 2026-01-01T03:04:05Z\nreason nightly\n",
    );
    machine.write(
      "s3/backups/20251231T030405Z-nightly/manifest",
      "created 2025-12-31T03:04:05Z\nreason nightly\n",
    );
    machine.write(
      "s3/backups/20260102T030405Z-before-restore/manifest",
      "created 2026-01-02T03:04:05Z\nreason before-restore\n",
    );
    machine.write("root/last-restore-test", "2026-01-01T04:05:06Z\n");
    ended("deploy", "0\n", "c0ffee");
    const record = JSON.parse(machine.read("root/serving.json")) as Record<string, unknown>;
    const { memory, ...found } = status();
    expect(found).to.deep.equal({
      serving: { ...record, release: "000001" },
      health: { status: 200, seconds: 0.012345 },
      certificate: { state: "issued", end: "2026-01-08", issuer: "CA", refusal: null },
      revision: "a1",
      lastFailedRelease: null,
      lastBackup: { key: "backups/20260101T030405Z-nightly", created: "2026-01-01T03:04:05Z" },
      lastRestoreTest: "2026-01-01T04:05:06Z",
      processes: [],
      updates: {
        upgraded: "2026-01-01T03:04:05Z",
        pending: 3,
        reboot: true,
        base: null,
        tasksBehind: false,
      },
      failedJobs: [],
      download: null,
      lock: null,
      disk: { freeMb: 511, totalMb: 8000 },
      files: null,
    } satisfies Omit<Status, "memory">);
    expect(memory).to.have.all.keys("availableMb", "totalMb");
    expect(memory.totalMb).to.be.greaterThan(memory.availableMb).and.lessThan(1e8);
  });

  it("tells the newest backup that S3 has copied to the other region", () => {
    machine.stack({ BACKUP_COPY_REGION: "us-east-2" });
    expect(status().backupCopy).to.deep.equal({ region: "us-east-2", key: null, created: null });
    const key = "backups/20260101T030405Z-nightly";
    const created = "2026-01-01T03:04:05Z";
    machine.write(`s3/${key}/manifest`, `created ${created}\nreason nightly\n`);
    machine.write(`replication/${key}/manifest`, "COMPLETED\n");
    const newer = "s3/backups/20260102T030405Z-nightly/manifest";
    machine.write(newer, "created 2026-01-02T03:04:05Z\nreason nightly\n");
    expect(status().backupCopy).to.deep.equal({ region: "us-east-2", key, created });
  });

  it("is valid JSON before the first release, even if nothing can be reached", () => {
    for (const command of ["mysql", "aws", "docker", "docker-compose"])
      machine.fake(command, "echo no route to host >&2; exit 1");
    machine.script("updates-status.sh", "exit 1");
    machine.script("certificate.sh", "exit 1");
    machine.fake("curl", "printf '000 0.000000\\n'; exit 7");
    const { memory, ...found } = status();
    expect(found).to.deep.equal({
      serving: null,
      health: { status: 0, seconds: 0 },
      certificate: null,
      revision: null,
      lastFailedRelease: null,
      lastBackup: null,
      lastRestoreTest: null,
      processes: [],
      updates: null,
      failedJobs: [],
      download: null,
      lock: null,
      disk: { freeMb: 511, totalMb: 8000 },
      files: null,
    } satisfies Omit<Status, "memory">);
    expect(memory.totalMb).to.be.greaterThan(0);
  });

  it("tells of each topic of alarms whether the mail address is confirmed", () => {
    const topics = ["us-west-2", "us-east-1"].map((region) => `arn:aws:sns:${region}:1:${region}`);
    machine.stack({ ALARM_TOPICS: topics.join(" "), ALARM_EMAIL: "ops@example.com" });
    machine.fake(
      "aws",
      'case "$*" in "sns list-subscriptions-by-topic --region us-west-2 "*) echo arn:1 ;; *us-east-1*) echo PendingConfirmation ;; *) exit 1 ;; esac',
    );
    expect((status() as unknown as { alarms: object[] }).alarms).to.deep.equal([
      {
        ...{ region: "us-west-2", state: "confirmed" },
        ...{ topic: topics[0], email: "ops@example.com" },
      },
      {
        ...{ region: "us-east-1", state: "pending" },
        ...{ topic: topics[1], email: "ops@example.com" },
      },
    ]);
  });

  it("says how much the app's files take", () => {
    machine.stack({ APP_FILES: "/app/uploads" });
    machine.fake("sudo", 'exec "$@"');
    expect(status().files, "without a directory").to.equal(null);
    machine.write("root/files/a", Buffer.alloc(3_000_000, "a"));
    expect(status().files).to.deep.equal({ directory: "/app/uploads", usedMb: 3 });
    machine.fake("sudo", "exit 1");
    expect(status().files, "which cannot be read").to.equal(null);
  });

  it("does not wait for a command that never ends", () => {
    machine.fake("timeout", `log "timeout $1"; exec /usr/bin/timeout 0.2 "\${@:2}"`);
    machine.fake("aws", "exec /bin/sleep 60");
    const found = status();
    expect(found.serving).to.equal(null);
    expect(found.lastBackup).to.equal(null);
    expect(machine.log.match(/^timeout 20$/gm)).to.have.length(5);
  });

  it("names no release for a running version whose release failed", () => {
    machine.run("serving.sh", ["record", image, "release"]);
    history("failed verify preflight=1.0");
    expect(status().serving).to.deep.include({ image, release: null });
  });

  it("names the commit, the time and the step of the last release if it failed", () => {
    ended("build", "0\n", "c0ffee");
    ended("deploy", "1\n", "c0ffee", 60);
    const failed = { step: "deploy", time: "2026-01-02T03:05:05Z", commit: "c0ffee" };
    expect(status().lastFailedRelease).to.deep.equal(failed);
  });

  it("names a build that failed after a failed release", () => {
    ended("deploy", "1\n", "c0ffee");
    ended("build", "1\n", "beef", 60);
    const failed = { step: "build", time: "2026-01-02T03:05:05Z", commit: "beef" };
    expect(status().lastFailedRelease).to.deep.equal(failed);
  });

  for (const [what, last] of [
    ["succeeded", "0\n"],
    ["still runs", ""],
  ] as const) {
    it(`names no failure when the last run ${what}`, () => {
      ended("build", "1\n", "beef");
      ended("deploy", last, "c0ffee", 60);
      expect(status().lastFailedRelease).to.equal(null);
    });
  }

  it("lists the cron jobs that fail, and since when", () => {
    machine.write("root/failed-backup", "2026-01-01T02:03:04Z\n");
    machine.write("root/failed-restore-test", "2026-01-01T04:03:04Z\n");
    expect(status().failedJobs).to.deep.equal([
      { job: "backup", since: "2026-01-01T02:03:04Z" },
      { job: "restore-test", since: "2026-01-01T04:03:04Z" },
    ]);
    rmSync(join(machine.root, "failed-backup"));
    expect(status().failedJobs).to.have.length(1);
    machine.write("root/failed-app-note", "2026-01-01T05:03:04Z\n");
    expect(status().failedJobs[0]).to.deep.equal({
      job: "app-note",
      since: "2026-01-01T05:03:04Z",
    });
  });

  it("lists the processes of the app's Procfile and Redis", () => {
    machine.fake(
      "docker",
      `case "$*" in
      "image inspect"*) echo c0ffee ;;
      "ps --all --quiet --filter label=flask-on-aws.process") printf '1\\n2\\n' ;;
      "inspect --format "*" 1 2") printf 'worker\\trestarting\\t3\\tapp:1\\nredis\\trunning\\t0\\tvalkey:8\\n' ;;
      *) exit 1 ;;
      esac`,
    );
    expect(status().processes).to.deep.equal([
      { name: "redis", state: "running", restarts: 0, image: "valkey:8" },
      { name: "worker", state: "restarting", restarts: 3, image: "app:1" },
    ]);
  });

  it("names the download of the running version if the site offers it", () => {
    machine.run("serving.sh", ["record", image, "release"]);
    machine.write("root/published", "c0ffee\n");
    for (const [site, published, download] of [
      ["site-1", true, "app.zip"],
      ["site-1", false, null],
      ["", true, null],
    ] as const) {
      machine.stack({ SITE_BUCKET: site, PUBLISH: String(published) });
      expect(status().download, site).to.equal(download);
    }
    machine.stack({ SITE_BUCKET: "site-1", PUBLISH: "true" });
    machine.write("root/published", "beef\n");
    expect(status().download).to.equal(null);
  });

  it("names the holder of the deploy lock, even with special characters", () => {
    machine.write("root/lease", 'a"n\\n@desk\t2026-01-01T00:00:00Z process 7\n');
    expect(status().lock).to.equal('a"n\\n@desk2026-01-01T00:00:00Z process 7');
  });

  it("names no holder when the deploy lock has expired", () => {
    machine.write("root/lease", "ann@desk 2026-01-01T00:00:00Z process 7\n");
    at("root/lease", 0);
    expect(status().lock).to.equal(null);
  });
});
