import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { copyToRemote, type Source } from "../../../../lab/providers/command/copy.ts";
import { failureOf, recording } from "./recording.ts";
import { SshServer } from "./ssh-server.ts";

describe("Copies by the lab's command provider", () => {
  let server: SshServer;
  let root: string;
  before(async () => (server = await new SshServer().listen()));
  after(() => server.close());
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "copy-"));
    mkdirSync(join(root, "tree/inner"), { recursive: true });
    mkdirSync(join(root, "there"));
    writeFileSync(join(root, "tree/inner/file"), "content");
    writeFileSync(join(root, "tree/empty"), "");
    // Larger than one SFTP packet.
    writeFileSync(join(root, "large"), Buffer.alloc(1_000_000, "0123456789"));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const copy = (source: Source, to: string) =>
    copyToRemote(server.connection, source, join(root, to), recording().running);
  const path = (name: string) => ({ path: `${root}/${name}` });
  const read = (name: string) => readFileSync(join(root, name), "utf8");

  it("write a text, and create the directories above it", async () => {
    await copy({ text: "hello" }, "a/b/c");
    expect(read("a/b/c")).to.equal("hello");
    await copy({ text: "" }, "a/b/c");
    expect(read("a/b/c")).to.equal("");
  });

  for (const [what, source, to, expected] of [
    ["a file to a new name", "large", "new/name", "new/name"],
    ["a file into an existing directory", "large", "there", "there/large"],
    ["a file over another file", "large", "tree/empty", "tree/empty"],
    ["a directory into a new directory", "tree", "new/place", "new/place/tree/inner/file"],
    ["a directory into an existing directory", "tree", "there", "there/tree/inner/file"],
    [
      "the content of a directory, given a trailing slash",
      "tree/",
      "new/place",
      "new/place/inner/file",
    ],
    ["the content of a directory into an existing directory", "tree/", "there", "there/inner/file"],
  ] as const) {
    it(`put ${what}`, async () => {
      await copy(path(source), to);
      const original = source === "large" ? "large" : "tree/inner/file";
      expect(read(expected) === read(original)).to.equal(true);
    });
  }

  it("keep the mode of an existing file", async () => {
    chmodSync(join(root, "tree/empty"), 0o600);
    await copy({ text: "secret" }, "tree/empty");
    expect(statSync(join(root, "tree/empty")).mode & 0o777).to.equal(0o600);
  });

  it("fail with the path and the reason", async () => {
    expect(await failureOf(copy({ text: "x" }, "there"))).to.match(/there is a directory; a text/);
    expect(await failureOf(copy(path("tree/"), "large"))).to.match(
      /remote path \S+\/large exists but is not a directory/,
    );
    expect(await failureOf(copy(path("tree"), "large"))).to.match(
      /^failed to stat remote path \S+\/large\/tree: /,
    );
    expect(await failureOf(copy(path("nothing"), "x"))).to.match(/ENOENT.*nothing/);
    expect(await failureOf(copy({ text: "x" }, "../../proc/x"))).to.match(
      /^failed to write remote file \/proc\/x: /,
    );
  });
});
