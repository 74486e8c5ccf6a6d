import { expect } from "chai";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FakeMachine } from "../support/machine.ts";

const key = "backups/20260102T030405Z-nightly/dump.sql.gz";

describe("An object that is written once", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack();
    machine.s3();
  });
  afterEach(() => machine.remove());

  const put = (text: string, env = {}) => machine.run("bucket.sh", ["put", key], text, env);
  const get = () => machine.run("bucket.sh", ["get", key]);
  const calls = () => machine.log.match(/(?<=^aws s3api )\S+/gm) ?? [];

  it("is stored in one call, on the condition that there is none", () => {
    expect(put("dump")).to.deep.equal({ status: 0, stdout: "", stderr: "" });
    expect(machine.read(`s3/${key}`)).to.equal("dump");
    expect(machine.log).to.match(
      new RegExp(
        `^aws s3api put-object --checksum-algorithm CRC32 --if-none-match \\* .*--bucket backups-1 --key ${key}\n$`,
      ),
    );
  });

  for (const [length, parts] of [
    [9, 1],
    [10, 1],
    [25, 3],
    [40, 4],
  ] as const)
    it(`of ${length} bytes, with parts of up to 10, is stored by ${length < 10 ? "one call" : `${parts} calls and one more`}`, () => {
      const text = randomBytes(length).toString("hex").slice(0, length);
      const { status, stderr } = put(text, { PART_BYTES: "10" });
      expect({ status, stderr }).to.deep.equal({ status: 0, stderr: "" });
      expect(machine.read(`s3/${key}`)).to.equal(text);
      if (length < 10) return;
      expect(calls().filter((call) => call === "upload-part")).to.have.length(parts);
      expect(calls().at(-1)).to.equal("complete-multipart-upload");
      const [completed] = machine.log.match(/^.*complete-multipart-upload.*$/m)!;
      expect(completed).to.include("--if-none-match *").and.include("--upload-id upload-1");
    });

  it("names each part with its ETag and its checksum when it completes an upload", () => {
    put("0123456789abc", { PART_BYTES: "10" });
    const part = { ETag: '"sum"', ChecksumCRC32: "AbC+/w==" };
    expect(JSON.parse(machine.read("completed.json"))).to.deep.equal({
      Parts: [
        { PartNumber: 1, ...part },
        { PartNumber: 2, ...part },
      ],
    });
  });

  it("has a checksum in each call that sends something, which S3 demands with Object Lock", () => {
    put("one");
    machine.run("bucket.sh", ["put", "backups/other"], "0123456789abc", { PART_BYTES: "10" });
    for (const call of ["put-object", "create-multipart-upload", "upload-part"])
      expect(machine.log).to.match(new RegExp(`s3api ${call} .*--checksum-algorithm CRC32 `));
  });

  it("is not replaced, in one call or in parts", () => {
    put("first");
    for (const env of [{}, { PART_BYTES: "2" }]) {
      const { status, stderr } = put("second", env);
      expect(status).to.not.equal(0);
      expect(stderr).to.include("PreconditionFailed");
      expect(machine.read(`s3/${key}`)).to.equal("first");
    }
  });

  it("counts as stored when it is there already, because the CLI repeats a call without an answer", () => {
    put("dump");
    expect(put("dump")).to.deep.equal({ status: 0, stdout: "", stderr: "" });
  });

  it("is not complete when a part is refused", () => {
    machine.write("refused", "part-number 2 \n");
    const { status, stderr } = put("0123456789abc", { PART_BYTES: "5" });
    expect(status).to.not.equal(0);
    expect(stderr).to.include("AccessDenied");
    expect(machine.exists(`s3/${key}`)).to.equal(false);
  });

  it("is read as it is when it has one version", () => {
    machine.write(`s3/${key}`, "dump");
    expect(get()).to.deep.equal({ status: 0, stdout: "dump", stderr: "" });
    expect(calls()).to.deep.equal(["list-object-versions"]);
  });

  it("is read as it was first written when it was replaced, or removed", () => {
    machine.write(`first/${key}`, "first");
    const note = `note: s3://backups-1/${key} was replaced or removed;\n      its first version, first, is used\n`;
    expect(get()).to.deep.equal({ status: 0, stdout: "first", stderr: note });
    machine.write(`s3/${key}`, "second");
    expect(get()).to.deep.equal({ status: 0, stdout: "first", stderr: note });
  });

  it("is not read when it is not there, or its versions cannot be listed", () => {
    expect(get().status).to.not.equal(0);
    machine.write(`s3/${key}`, "dump");
    machine.write("refused", "list-object-versions\n");
    const { status, stdout } = get();
    expect(status).to.not.equal(0);
    expect(stdout).to.equal("");
  });

  it("leaves nothing on the machine", () => {
    put("0123456789abc", { PART_BYTES: "5" });
    get();
    const [first] = /--body (\S+)/.exec(machine.log)!.slice(1);
    expect(() => readFileSync(join(first!, ".."))).to.throw("ENOENT");
  });
});
