import { expect } from "chai";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeContainer } from "../../../../lab/controller/containers.ts";

describe("The removal of a container", () => {
  it("deletes the settings of its database, and keeps those of other databases", async () => {
    const home = await mkdtemp(join(tmpdir(), "containers-"));
    const path = process.env.PATH!;
    try {
      // A fake Docker.
      await writeFile(join(home, "docker"), "#!/bin/sh\n", { mode: 0o755 });
      process.env.PATH = `${home}:${path}`;
      const settings = ["gone", "other"].map((id) => join(home, "databases", id));
      for (const directory of settings) await mkdir(directory, { recursive: true });
      await writeFile(join(settings[0]!, "password"), "correct-horse");
      const images = { machine: "", net: "", mysql: "" };
      await removeContainer({ name: "unit", home, subnet: 0, images }, "gone");
      expect(settings.map(existsSync)).to.deep.equal([false, true]);
    } finally {
      process.env.PATH = path;
      await rm(home, { recursive: true });
    }
  });
});
