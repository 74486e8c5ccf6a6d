import { expect } from "chai";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { restoreMachine } from "../support/restore-machine.ts";

const key = "backups/20260102T030405Z-imported";
const place = "s3://old/backups/20260101T030405Z-nightly";
const dump = "dump\n";
const sum = createHash("sha256").update(dump).digest("hex");

describe("A backup of another environment", () => {
  const { machine, rds } = restoreMachine();
  /** Calls import.sh with an input, and expects that it leaves no temporary file. */
  const call = (input: string, ...words: string[]) => {
    const temporary = join(machine().home, "temporary");
    mkdirSync(temporary, { recursive: true });
    machine().mysql({ "SELECT?VERSION*": "8.4.7" });
    const outcome = machine().run("import.sh", words, input, { TMPDIR: temporary });
    expect(readdirSync(temporary), "left on the machine").to.deep.equal([]);
    return outcome;
  };
  const refuses = ({ status, stderr, stdout }: ReturnType<typeof call>, said: RegExp) => {
    expect(stderr)
      .to.match(said)
      .and.match(/the live schema is unchanged\n.*remedy: /is);
    expect([status, stdout]).to.deep.equal([1, ""]);
  };

  it("gets a key of its own", () => {
    const { status, stdout, stderr } = call(
      "server 8.4.1\nsize 1000\n",
      "begin",
      place,
      "s3://old",
    );
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: "" });
    expect(stdout).to.match(/^backups\/20\d{6}T\d{6}Z-imported\n$/);
  });

  it("is refused before it is sent, if it is of a newer MySQL or the volume has no room", () => {
    const begin = (manifest: string) => call(manifest, "begin", place, "s3://old");
    const newer = begin("server 9.1.0\nsize 1000\n");
    refuses(
      newer,
      /error: s3:\S+-nightly is from MySQL 9\.1, and db\.example is MySQL 8\.4, which/,
    );
    expect(newer.stderr).to.include(
      "remedy: choose another backup: ./ops backups --from s3://old\n",
    );
    rds({ free: 2_000_000 });
    refuses(
      begin("server 8.4.1\nsize 1000000\n"),
      /has 2 MB free; to load s3:\/\/old\S+\n +takes 2/,
    );
    const unknown = begin("server 8.4.1\n");
    expect(unknown.status, "the bucket of others is not read").to.equal(0);
  });

  it("is warned of, not refused, where RDS tells no free space, as with a restore", () => {
    rds({ free: undefined });
    const { status, stderr } = call("size 1000\n", "begin", place, "s3://old");
    expect(stderr).to.match(/^warning: the metric FreeStorageSpace/);
    expect(status).to.equal(0);
  });

  it("is stored as it arrives, and complete with its manifest", () => {
    const put = call(dump, "put", key, "dump.sql.gz", `${dump.length}`, sum);
    expect(put).to.deep.equal({ status: 0, stdout: "", stderr: "" });
    expect(machine().read(`s3/${key}/dump.sql.gz`)).to.equal(dump);
    expect(call("app", "put", key, "app.zip", "3", "-").status).to.equal(0);
    const manifest = "created x\nreason nightly\nrevision b2\nrows users 3\n";
    expect(call(manifest, "end", key, `${place}\nreason nightly`).status).to.equal(0);
    expect(machine().read("root/recorded-backups")).to.match(new RegExp(`^\\d+\n${key}\n$`));
    expect(machine().read(`s3/${key}/manifest`)).to.equal(
      `created x\nreason imported\nrevision b2\nrows users 3\nsource ${place} reason nightly\n`,
    );
  });

  it("is refused when a file arrives in part, or with other contents", () => {
    refuses(
      call("dum", "put", key, "dump.sql.gz", `${dump.length}`, sum),
      /error: dump\.sql\.gz has arrived with 3 of 5 bytes: the transfer was interrupted;/,
    );
    // Each run of the command has a key of its own.
    const next = `${key}-2`;
    refuses(
      call("dumP\n", "put", next, "dump.sql.gz", `${dump.length}`, sum),
      /error: dump\.sql\.gz has arrived with another SHA-256 than its manifest says;/,
    );
    refuses(call("ap", "put", key, "app.zip", "3", "-"), /app\.zip has arrived with 2 of 3 bytes/);
    for (const each of [key, next]) expect(machine().exists(`s3/${each}/manifest`)).to.equal(false);
  });

  it("is refused when the bucket refuses it", () => {
    machine().write("refused", "dump.sql.gz\n");
    refuses(
      call(dump, "put", key, "dump.sql.gz", `${dump.length}`, sum),
      /error: s3:\/\/backups-1\/backups\/\S+\/dump\.sql\.gz was not written;\n(.*\n)* {2}\| AccessDenied/,
    );
  });
});
