import { expect } from "chai";
import { freeStorage } from "../../../../lab/controller/metrics/free-storage.ts";

const gib = 2 ** 30;

describe("The free storage of a database in the lab", () => {
  it("is what the files leave of the allocated storage", () => {
    expect(freeStorage(20, 3 * gib, 100 * gib)).to.equal(17 * gib);
  });

  it("is not more than the host has", () => {
    expect(freeStorage(20, 3 * gib, 5 * gib)).to.equal(5 * gib);
  });

  it("is 0 when the files are larger than the allocated storage", () => {
    expect(freeStorage(20, 21 * gib, 100 * gib)).to.equal(0);
  });
});
