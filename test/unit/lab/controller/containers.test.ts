import { expect } from "chai";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { removeContainer } from "../../../../lab/controller/containers.ts";
import { withFakeEngine } from "./fake-engine.ts";

describe("The removal of a container", () => {
  const images = { machine: "", net: "", mysql: "" };

  it("deletes the settings of its database, and keeps those of other databases", async () => {
    const requests: string[] = [];
    await withFakeEngine(
      ({ method, url }, response) => {
        requests.push(`${method} ${url}`);
        response.writeHead(204).end();
      },
      async (_, home) => {
        const settings = ["gone", "other"].map((id) => join(home, "databases", id));
        for (const directory of settings) await mkdir(directory, { recursive: true });
        await writeFile(join(settings[0]!, "password"), "correct-horse");
        await removeContainer({ name: "unit", home, subnet: 0, images }, "gone");
        expect(settings.map(existsSync)).to.deep.equal([false, true]);
      },
    );
    expect(requests).to.deep.equal([
      "DELETE /containers/unit-gone?force=true&v=true",
      "DELETE /volumes/unit-gone",
    ]);
  });

  it("succeeds when the container is gone already, and fails when Docker refuses", async () => {
    let refused = "nothing";
    await withFakeEngine(
      ({ url }, response) =>
        response.writeHead(url!.includes(refused) ? 409 : 404).end('{"message":"it is in use"}'),
      async (_, home) => {
        const remove = () => removeContainer({ name: "unit", home, subnet: 0, images }, "gone");
        await remove();
        for (refused of ["/containers/", "/volumes/"]) {
          const refusal: unknown = await remove().catch((error: unknown) => error);
          expect(refusal, refused).to.have.property("message").that.includes("it is in use");
        }
      },
    );
  });
});
