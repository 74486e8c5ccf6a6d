import { expect } from "chai";
import { FakeMachine } from "../support/machine.ts";

describe("publish-status.sh", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack({ SITE_BUCKET: "site-1" });
    machine.s3();
    machine.fake(
      "docker",
      `[ "$*" = "inspect --format {{ index .Config.Labels \\"org.opencontainers.image.revision\\" }} blue" ] && echo c0ffee`,
    );
    machine.script("certificate.sh", "exit 1");
    machine.script("updates-status.sh", "exit 1");
    machine.fake("docker-compose", `[ "\${*: -3}" = "ps --quiet blue" ] && echo blue`);
  });
  afterEach(() => machine.remove());

  const publish = (env = {}) => {
    const outcome = machine.run("publish-status.sh", [], "", env);
    expect(outcome).to.deep.equal({ status: 0, stdout: "", stderr: "" });
    const { written, ...status } = JSON.parse(machine.read("s3/s3://site-1/status.json")) as Record<
      string,
      string | null
    >;
    expect(written).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    return status;
  };
  const nothing = {
    app: "https://app.example",
    release: null,
    deployed: null,
    commit: null,
    tasks: null,
    backup: null,
    restoreTest: null,
    upgraded: null,
    base: null,
    download: null,
    certificateEnd: null,
    failedSince: null,
    patchFailedSince: null,
    scheduleFailedSince: null,
  };

  it("writes only the app's address before the first release", () => {
    expect(publish()).to.deep.equal(nothing);
  });

  it("names the last successful release, and the last backup not made before a restore", () => {
    machine.write("root/proxy/active", "blue\n");
    ["cut-over=1.0", "failed cut-over"].forEach((detail, i) => {
      const fields = [`00000${i + 1}`, `time-${i + 1}`, "c", "app", "id", "a1", "-", "ann", detail];
      machine.write(`root/ledger/00000${i + 1}`, `${fields.join("\t")}\n`);
    });
    for (const [key, reason] of [
      ["1", "nightly"],
      ["2", "before-restore"],
    ] as const)
      machine.write(`s3/backups/${key}-${reason}/manifest`, `created ${key}\nreason ${reason}\n`);
    machine.write("root/last-restore-test", "yesterday\n");
    machine.write("root/failed-restore-test", "2026-01-02\n");
    machine.write("root/failed-backup", "2026-01-01\n");
    expect(publish()).to.deep.equal({
      ...nothing,
      release: "000001",
      deployed: "time-1",
      commit: "c0ffee",
      backup: "1",
      restoreTest: "yesterday",
      failedSince: "2026-01-01",
    });
  });

  it("names the age of packages and base, and since when patches fail, but nothing that is lacking", () => {
    machine.script(
      "updates-status.sh",
      "printf '2026-01-01\\t7\\treboot\\t2025-12-01\\tbehind\\n'",
    );
    machine.write("root/failed-patch", "2026-01-02\n");
    const ages = { upgraded: "2026-01-01", base: "2025-12-01" };
    expect(publish()).to.deep.equal({ ...nothing, ...ages, patchFailedSince: "2026-01-02" });
  });

  it("names the newest backup that another region has, where the stack has a copy", () => {
    machine.stack({ SITE_BUCKET: "site-1", BACKUP_COPY_REGION: "us-east-2" });
    const copy = { copyRegion: "us-east-2" };
    expect(publish()).to.deep.equal({ ...nothing, ...copy, copy: null });
    for (const day of [1, 2]) {
      const manifest = `backups/2026010${day}T030405Z-nightly/manifest`;
      machine.write(`s3/${manifest}`, `created day-${day}\nreason nightly\n`);
      if (day === 1) machine.write(`replication/${manifest}`, "COMPLETED\n");
    }
    expect(publish()).to.deep.equal({ ...nothing, ...copy, backup: "day-2", copy: "day-1" });
  });

  it("names since when a scheduled command of the app fails, apart from the backups", () => {
    machine.write("root/failed-app-b", "2026-01-03\n");
    machine.write("root/failed-app-a", "2026-01-04\n");
    expect(publish()).to.deep.equal({ ...nothing, scheduleFailedSince: "2026-01-03" });
  });

  it("names the end of a certificate that is not renewed, and of no other", () => {
    for (const [state, end] of [
      ["late", "2026-01-03"],
      ["expired", "2026-01-03"],
      ["issued", null],
      ["self-signed", null],
    ] as const) {
      machine.script("certificate.sh", `printf '${state}\\t2026-01-03\\tCA\\t\\n'`);
      expect(publish().certificateEnd, state).to.equal(end);
    }
  });

  it("names what tasks run while it is not what the app server serves, and no certificate of its own", () => {
    machine.stack({ SITE_BUCKET: "site-1", TASKS_URL: "https://tasks.example" });
    machine.write("root/proxy/active", "blue\n");
    machine.script("certificate.sh", "printf 'late\\t2026-01-03\\tCA\\t\\n'");
    const app = "https://tasks.example";
    for (const [commits, tasks] of [
      [["c0ffee"], null],
      [["beef"], "beef"],
      [["beef", "c0ffee", "dead"], "beef, dead"],
      [["?"], null],
      [[], null],
    ] as const) {
      const lines = commits.map((commit) => `serves\\ttasks\\t${commit}\\n`).join("");
      machine.script("who-serves.sh", `printf 'serves\\tapp server\\tapp:1\\n${lines}'`);
      expect(publish()).to.deep.equal({ ...nothing, app, commit: "c0ffee", tasks });
    }
    machine.stack({ SITE_BUCKET: "site-1", TASKS_URL: "https://app.example" });
    expect(publish().certificateEnd, "clients still come here").to.equal("2026-01-03");
  });

  it("offers only the running commit for download", () => {
    machine.write("root/proxy/active", "blue\n");
    machine.write("root/published", "c0ffee\n");
    expect(publish({ PUBLISH: "true" }).download).to.equal("app.zip");
    expect(publish().download).to.equal(null);
    machine.write("root/published", "beef\n");
    expect(publish({ PUBLISH: "true" }).download).to.equal(null);
  });

  it("writes nothing when there is no site", () => {
    machine.stack({ SITE_BUCKET: "" });
    const outcome = machine.run("publish-status.sh");
    expect(outcome).to.deep.equal({ status: 0, stdout: "", stderr: "" });
    expect(machine.exists("log")).to.equal(false);
  });

  it("fails when it cannot write to the site's bucket, and shows why", () => {
    machine.write("refused", "status.json\n");
    const { status, stderr } = machine.run("publish-status.sh");
    expect(status).to.equal(1);
    expect(stderr).to.match(
      /^error: the status was not written to the site's bucket site-1\nremedy: .*\n {2}\| AccessDenied\n$/,
    );
  });
});
