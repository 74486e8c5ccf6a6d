import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const program = new URL("../../scripts/rows.awk", import.meta.url).pathname;
const end = "-- Dump completed on 2026-01-02  3:04:05\n";

describe("The rows of a dump", () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "rows-"));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** What rows.awk prints for a dump, and the counts that it writes. */
  const joined = (dump: string) => {
    const counts = join(directory, "counts");
    const input = dump;
    const options = { input, encoding: "utf8", maxBuffer: 8 << 20 } as const;
    const text = execFileSync("awk", ["-v", `counts=${counts}`, "-f", program], options);
    return { text, counts: readFileSync(counts, "utf8").trim().split("\n").sort() };
  };

  it("are one statement a table, and two tables have two", () => {
    const dump =
      "INSERT INTO `a` VALUES (1);\nINSERT INTO `a` VALUES (2);\nINSERT INTO `ab` VALUES (3);\n";
    expect(joined(dump + end)).to.deep.equal({
      text: `INSERT INTO \`a\` VALUES (1),(2);\nINSERT INTO \`ab\` VALUES (3);\n${end}`,
      counts: ["rows a 2", "rows ab 1", "whole"],
    });
  });

  it("keep the names of columns, which mysqldump writes for tables with generated columns", () => {
    const dump =
      "INSERT INTO `a` (`x`, `y`) VALUES (1,2);\nINSERT INTO `a` (`x`, `y`) VALUES (3,4);\n";
    expect(joined(dump + end)).to.deep.equal({
      text: `INSERT INTO \`a\` (\`x\`, \`y\`) VALUES (1,2),(3,4);\n${end}`,
      counts: ["rows a 2", "whole"],
    });
  });

  it("stay as they are if they are not as mysqldump writes them", () => {
    const dump = "INSERT INTO `a` SET x = 1;\nINSERT INTO `a` SET x = 2;\n";
    expect(joined(dump + end)).to.deep.equal({
      text: dump + end,
      counts: ["rows a 2", "whole"],
    });
  });

  it("are statements of at most a megabyte, or of one row", () => {
    const row = (length: number) => `INSERT INTO \`a\` VALUES ('${"x".repeat(length)}');\n`;
    const dump = row(600_000) + row(300_000) + row(300_000) + row(1_200_000) + row(5);
    const { text, counts } = joined(dump + end);
    const lengths = text.split("\n").map((line) => line.length);
    expect(lengths).to.deep.equal([900_033, 300_028, 1_200_028, 33, end.length - 1, 0]);
    expect(counts).to.deep.equal(["rows a 5", "whole"]);
  });

  it("are a whole statement when the dump ends after a row, and the dump is not whole", () => {
    expect(joined("CREATE TABLE `b` (\nINSERT INTO `a` VALUES (1);\n")).to.deep.equal({
      text: "CREATE TABLE `b` (\nINSERT INTO `a` VALUES (1);\n",
      counts: ["rows a 1", "rows b 0"],
    });
  });
});
