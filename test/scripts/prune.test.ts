import { expect } from "chai";
import { FakeMachine } from "../support/machine.ts";

describe("Pruning", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack();
    machine.s3();
  });
  afterEach(() => machine.remove());

  /** Prunes after releases of these images; each image of `there` has an age in hours. */
  const prune = (released: readonly string[], there: Record<string, number>, used = "none") => {
    released.forEach((image, i) => {
      const number = String(i + 1).padStart(6, "0");
      const detail = image.startsWith("failed") ? "failed cut-over" : "cut-over=1.0";
      const line = [number, "time", "commit", `app:${image}`, "id", "a1", "-", "ann", detail];
      machine.write(`root/ledger/${number}`, `${line.join("\t")}\n`);
    });
    const cases = Object.entries(there).map(
      ([image, hours]) =>
        `*.Created*\\ app:${image}) date --utc --date '${hours} hours ago' +%FT%TZ ;;`,
    );
    machine.fake(
      "docker",
      `case "$*" in
      "image ls "*" flask-on-aws-app") printf 'app:%s\\n' ${Object.keys(there).join(" ")} ;;
      ${cases.join("\n")}
      "image rm app:${used}") echo "conflict: is used" >&2; exit 1 ;;
      "image rm "*) log "\${*: -1}" ;;
      "image prune --force") log dangling ;;
      *) exit 9 ;;
      esac`,
    );
    const outcome = machine.run("prune.sh");
    expect(outcome.status, outcome.stderr).to.equal(0);
    return machine.log.match(/(?<=^app:).*/gm) ?? [];
  };
  const old = (...images: string[]) => Object.fromEntries(images.map((image) => [image, 100]));

  it("keeps the last 5 different images that were released", () => {
    const released = ["a", "b", "c", "d", "e", "f", "e", "f", "g", "g"];
    expect(prune(released, old("a", "b", "c", "d", "e", "f", "g"))).to.deep.equal(["a", "b"]);
    expect(machine.log).to.match(/\ndangling\n$/);
  });

  it("does not count failed releases among the last 5, and removes their old images", () => {
    const released = ["a", "failed1", "b", "failed2", "c", "d", "e"];
    const there = { ...old("a", "failed1", "e"), failed2: 23 };
    expect(prune(released, there)).to.deep.equal(["failed1"]);
  });

  it("removes the description of an image that it removes", () => {
    for (const image of ["a", "a.recipe", "b"]) machine.write(`root/descriptions/${image}`, "");
    prune(["a", "b", "c", "d", "e", "f"], old("a", "b"));
    expect(machine.exists("root/descriptions/a")).to.equal(false);
    expect(machine.exists("root/descriptions/a.recipe")).to.equal(false);
    expect(machine.exists("root/descriptions/b")).to.equal(true);
  });

  it("keeps an image that was released again", () => {
    expect(prune(["a", "b", "c", "d", "e", "f", "a"], old("a", "b", "c", "f"))).to.deep.equal([
      "b",
    ]);
  });

  it("removes no entry of the release history", () => {
    prune(["a", "b", "c", "d", "e", "f"], old("a"));
    expect(machine.run("release-history.sh").stdout.split("\n")).to.have.length(7);
  });

  it("keeps an unreleased image for a day, and removes older ones", () => {
    expect(prune(["a"], { a: 100, young: 23, old: 25 })).to.deep.equal(["old"]);
  });

  it("removes nothing before the first release, and continues when an image is in use", () => {
    expect(prune([], { young: 1 })).to.deep.equal([]);
    expect(prune(["a", "b", "c", "d", "e", "f", "g"], old("a", "b"), "b")).to.deep.equal(["a"]);
  });

  it("reads a release history of any length", () => {
    // The history is longer than a pipe's buffer: a reader that stops early must not end the writer.
    const released = Array.from({ length: 60 }, (_, i) => `${i}-${"name".repeat(300)}`);
    expect(prune(released, old(released[54]!, released[55]!))).to.deep.equal([released[54]]);
  });
});
