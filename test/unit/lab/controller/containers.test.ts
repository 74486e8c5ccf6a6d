import { expect } from "chai";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeContainer } from "../../../../lab/controller/containers.ts";

describe("A container that is removed", () => {
  it("leaves no settings of a database and none of another's are lost", async () => {
    const home = await mkdtemp(join(tmpdir(), "containers-"));
    const path = process.env.PATH!;
    try {
      // In Docker's place.
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
