import { expect } from "chai";
import { acceptanceMachine, rightRules } from "../support/acceptance-machine.ts";

describe("The acceptance check", () => {
  const { machine, rules, date, memory, disk, kernel, check, fails } = acceptanceMachine();

  it("prints one line for each check of a healthy app server and makes one backup", () => {
    const rows = check();
    expect(rows.every((row) => row.length === 4)).to.equal(true);
    const found: Record<string, string> = Object.fromEntries<string>(
      rows.map(([name, result, text]) => [name!, `${result}: ${text}`]),
    );
    expect(found.versions).to.match(
      /^ok: .*, Docker 26\.1, docker-compose 2\.26, MySQL 8\.4\.1, AWS CLI 2\.23$/,
    );
    delete found.versions;
    expect(found).to.deep.equal({
      app: "ok: app:1 serves: https://app.example/login answers 200, and its data is in appdb at db.example",
      certificate: "ok: CA has issued the certificate of https://app.example, until 2026-01-08",
      database: "ok: db.example:3306 answers the app's user, with TLS (TLS_AES)",
      grants: "ok: partial_revokes is ON",
      backup: "ok: backups/1-verify",
      "restore-test": "ok: backups/1-verify can be restored",
      cron: "ok: the cron daemon runs, and no job has failed",
      rules:
        "ok: everybody reaches ports 80, 443 and 5085 only, and only this machine reaches the database",
      clock: "ok: 0 s off S3's, of 5 s",
      memory: "ok: 300 MiB available, 0 MiB of swap free",
      disk: "ok: 5000 MiB free",
      "out-of-memory": "ok: the kernel has killed nothing for lack of memory since the boot",
    });
    expect(machine().log).to.equal(
      "verify app:1\nlimit 30\nbackup\nlimit 30\ntests backups/1-verify\n",
    );
  });

  it("names the page and the status of the app, and no data of one without a database", () => {
    const description = "health_path=/up\nhealth_status=204\nhas_database=false\n";
    machine().write("root/descriptions/1", description);
    const text = "app:1 serves: https://app.example/up answers 204";
    expect(check("app")).to.deep.equal([["app", "ok", text, ""]]);
  });

  it("continues with the other checks after one fails", () => {
    for (const script of ["verify", "grants", "backup"]) machine().script(`${script}.sh`, "exit 4");
    disk(1);
    const results = check().map(([name, result]) => `${name} ${result}`);
    expect(results).to.deep.equal([
      ...[
        "app FAILED",
        "certificate ok",
        "database ok",
        "grants FAILED",
        "backup FAILED",
        "restore-test skipped",
      ],
      ...["cron ok", "rules ok", "versions ok", "clock ok", "memory ok", "disk FAILED"],
      "out-of-memory ok",
    ]);
  });

  it("prints a script's error and remedy on one line, without the evidence", () => {
    const says = `printf 'error: one\\n       two\\tthree\\nremedy: do\\n        more\\n  | evidence\\n' >&2; exit 1`;
    machine().script("grants.sh", says);
    expect(check("grants")).to.deep.equal([["grants", "FAILED", "one two three", "do more"]]);
  });

  it("prints a command that traces a check which fails without an error message", () => {
    machine().script("grants.sh", "echo half; exit 4");
    fails(
      "grants",
      /^the check ended with status 4: half$/,
      /: \.\/ops ssh --stack prod -- bash -x \S+\/acceptance\.sh grants$/,
    );
  });

  it("fails when a process beside web does not run, or Redis", () => {
    machine().write("processes", "worker is running\nbeat is restarting\nredis is exited\n");
    fails(
      "app",
      /^of what the app has beside web: beat is restarting, redis is exited$/,
      /^see \.\/ops logs --stack prod; then release a corrected commit: /,
    );
  });

  it("fails when no release runs", () => {
    machine().write("root/proxy/active", "");
    fails("app", /^no release of the app serves$/, /^release one: pulumi up --stack prod$/);
  });

  it("fails when the certificate is not the CA's or not renewed, and says what the CA has said", () => {
    const remedy = /^see docs\/https\.md for causes and remedies; the proxy asks again by itself$/;
    machine().script("certificate.sh", "printf 'self-signed\\t2026-01-03\\tlocal\\tHTTP 429\\n'");
    fails("certificate", /app\.example is self-signed and ends at 2026-01-03\. HTTP 429$/, remedy);
    machine().script("certificate.sh", "printf 'late\\t2026-01-03\\tCA\\t\\n'");
    fails("certificate", /is late .* No refusal by the CA is logged\.$/, remedy);
  });

  it("does not check the certificate without HTTPS", () => {
    machine().stack({ APP_URL: "http://app.example" });
    const row = ["certificate", "skipped", "the setting https is false", ""];
    expect(check("certificate")).to.deep.equal([row]);
  });

  it("counts an open port 5085 as wrong when the setting port5085 is false", () => {
    machine().stack({ PORT_5085: "false" });
    fails(
      "rules",
      /^security .*: sgr-5085 of sg-app lets 0\.0\.0\.0\/0 in on tcp 5085$/,
      /sgr-5085$/,
    );
    rules(...rightRules.filter((rule) => !rule.includes("5085")));
    expect(check("rules")[0]![2]).to.match(/^everybody reaches ports 80 and 443 only,/);
  });

  it("fails when the connection to the database is not encrypted", () => {
    machine().mysql({ "SHOW?STATUS*": "Ssl_cipher\t" });
    fails("database", /^the connection to db\.example:3306 is not encrypted$/, /PasswordRotation/);
  });

  it("reports the cause that the preflight finds when the database does not answer", () => {
    machine().fake("mysql", "echo 'ERROR 2002 (HY000)' >&2; exit 1");
    machine().script("preflight.sh", "printf 'error: no route\\nremedy: up\\n' >&2; exit 1");
    fails("database", /^no route$/, /^up$/);
    machine().script("preflight.sh", "");
    fails("database", /^db\.example:3306 refused one connection/, /\.\/ops verify --stack prod$/);
  });

  it("skips the restore test without a backup and fails it if the backup cannot be restored", () => {
    expect(check("restore-test")).to.deep.equal([
      ["restore-test", "skipped", "no backup was made that could be tested", ""],
    ]);
    machine().script("restore-test.sh", "printf 'error: unfit\\nremedy: choose\\n' >&2; exit 1");
    expect(check("backup", "restore-test")[1]).to.deep.equal([
      ...["restore-test", "FAILED", "unfit", "choose"],
    ]);
  });

  for (const job of ["backup", "restore-test"]) {
    it(`reports that the cron job ${job} is missing, or since when it fails`, () => {
      const other = job === "backup" ? "restore-test" : "backup";
      machine().fake(
        "crontab",
        `echo '7 2 * * * /b/schedule.sh ${other} >>x'; echo '# /b/schedule.sh ${job}'`,
      );
      fails("cron", new RegExp(`lacks the job ${job}$`), /-- \S+\/bin\/schedule\.sh$/);
      machine().write(`root/failed-${job}`, "2026-01-02T03:04:05Z\n");
      fails(
        "cron",
        new RegExp(`^the cron job ${job} fails since 2026-01-02T03:04:05Z$`),
        new RegExp(`run the job, .*: ./ops ssh --stack prod -- \\S+/bin/schedule.sh ${job}$`),
      );
    });
  }

  it("demands a job for patches unless they are off", () => {
    const jobs = ["backup", "restore-test", "certificate"];
    const crontab = jobs.map((job) => `echo '7 2 * * * /b/schedule.sh ${job} >>x'`).join("\n");
    machine().fake("crontab", `${crontab}\necho '* * * * * /b/ship-logs.sh >>x'`);
    machine().write("root/patch-schedule", "30 5 2 * *\n");
    fails("cron", /lacks the job patch$/, /-- \S+\/bin\/schedule\.sh$/);
    machine().write("root/patch-schedule", "off\n");
    expect(check("cron")[0]![1]).to.equal("ok");
  });

  it("reports that the cron job of the logs is missing", () => {
    const jobs =
      "for job in backup restore-test certificate; do echo 7 /b/schedule.sh $job '>>x'; done";
    machine().fake("crontab", jobs);
    fails("cron", /lacks the job ship-logs\.sh$/, /-- \S+\/bin\/schedule\.sh$/);
  });

  it("reports a scheduled command of the app that is missing or fails", () => {
    const jobs = ["backup", "restore-test", "certificate", "app note-2"];
    const crontab = [
      ...jobs.map((job) => `echo '7 2 * * * /b/schedule.sh ${job} >>x'`),
      "echo '* * * * * nice /b/ship-logs.sh >>x'",
    ].join("\n");
    machine().write("root/app-schedule", "note-2\t7 2 * * *\tx\n");
    machine().fake("crontab", crontab);
    expect(check("cron")[0]![1]).to.equal("ok");
    machine().write("root/failed-app-note-2", "2026-01-02T03:04:05Z\n");
    fails(
      "cron",
      /^the cron job app note-2 fails since 2026-01-02T03:04:05Z$/,
      /-- \S+\/bin\/schedule\.sh app note-2$/,
    );
    machine().write("root/app-schedule", "note\t7 2 * * *\tx\n");
    fails("cron", /lacks the job app note$/, /-- \S+\/bin\/schedule\.sh$/);
  });

  it("fails when the cron daemon does not run", () => {
    machine().fake("pgrep", "exit 1");
    fails("cron", /^the cron daemon does not run$/, /-- sudo service cron start$/);
  });

  it("accepts a clock that is 4 s off and refuses one that is more than 5 s off", () => {
    for (const ahead of [4, -4]) {
      date(ahead);
      expect(check("clock")[0]![1], `${ahead}`).to.equal("ok");
    }
    date(8);
    fails(
      "clock",
      /^the clock of \S+ is -[78] s off S3's; the limit is 5 s$/,
      /sudo timedatectl set-ntp/,
    );
    date(-8);
    fails(
      "clock",
      /^the clock of \S+ is [78] s off S3's; the limit is 5 s$/,
      /sudo timedatectl set-ntp/,
    );
    machine().fake("curl", "exit 28");
    fails("clock", /^s3\.us-west-2\.amazonaws\.com does not answer /, /S3 endpoint/);
  });

  it("fails only when less than 64 MiB of memory and less than 64 MiB of swap are free", () => {
    for (const [available, swap, result] of [
      [64, 0, "ok"],
      [3, 64, "ok"],
      [63, 63, "FAILED"],
    ] as const) {
      memory(available, swap);
      expect(check("memory")[0]![1], `${available} ${swap}`).to.equal(result);
    }
    fails(
      "memory",
      /has 63 MiB of memory available and 63 MiB of swap free/,
      /larger instanceType/,
    );
  });

  it("needs 1 GiB of free disk", () => {
    disk(1024);
    expect(check("disk")[0]![1]).to.equal("ok");
    disk(1023);
    fails("disk", /has 1023 MB free at \S+; the next release needs 1024 MB$/, /docker system df/);
  });

  it("names the processes that the kernel killed for lack of memory, if its log is readable", () => {
    kernel(
      `[ "$1 $2" = "--dmesg --boot" ]; for name in python python mysqld; do echo "Out of memory: Killed process 7 ($name) total-vm:1kB"; done`,
    );
    fails(
      "out-of-memory",
      /: mysqld \(1 times\), python \(2 times\)$/,
      /^set a larger instanceType/,
    );
    kernel("exit 0");
    expect(check("out-of-memory")[0]!.slice(1, 3)).to.deep.equal([
      ...["skipped", "the kernel's log is not readable: it is empty"],
    ]);
    kernel("echo denied >&2; exit 1");
    expect(check("out-of-memory")[0]!.slice(1, 3)).to.deep.equal([
      ...["skipped", "the kernel's log is not readable: denied"],
    ]);
  });
});
