import { expect } from "chai";
import { copyLine } from "../../../operations/copy-status.ts";

describe("The copy in the text of ./ops status", () => {
  const now = Date.parse("2026-01-02T12:00:00Z");
  const line = (key: string | null, created: string | null) =>
    copyLine({ region: "us-east-2", key, created }, "backups/x-nightly", "./ops verify", now);

  it("is the newest backup that the other region has, with its age if it is not the last one", () => {
    expect(line("backups/x-nightly", "2026-01-02T03:00:00Z")).to.equal("in us-east-2");
    expect(line("backups/w-nightly", "2026-01-01T03:00:00Z")).to.equal(
      "not in us-east-2 yet; the newest there: 33 h ago: backups/w-nightly",
    );
    expect(line(null, null)).to.equal("none in us-east-2 yet; see: ./ops verify");
  });
});
