/** Names that are made of the settings and the stack's name, against the limits of AWS and MySQL. */
import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { problemsWith } from "./config.ts";
import { program } from "./program.ts";

describe("The settings for names", () => {
  it("refuse stack names that no bucket can have, and accept the longest possible one", async () => {
    for (const stack of ["My_Stack", "a--b", "dev-", "s".repeat(34)]) {
      const [problem, ...others] = await problemsWith({}, stack);
      expect(others).to.deep.equal([]);
      expect(problem).to.include(`named "flask-on-aws-${stack}"`).and.include("up to 46");
    }
    const longest = "s".repeat(33);
    expect(await problemsWith({}, longest)).to.deep.equal([]);
    // The provider adds a hyphen and seven digits.
    const { all } = await program({ flowLogs: true }, {}, longest);
    const lengths = (type: string) => all(type).map(({ name }) => name.length + 8);
    expect(Math.max(...lengths("aws:s3/bucket:Bucket")), "a bucket's name").to.be.within(60, 63);
    expect(Math.max(...lengths("aws:iam/role:Role")), "a role's name").to.be.within(60, 64);
  });

  it("accept the longest databaseName that leaves room for the schemas of a restore", async () => {
    const databaseName = "a".repeat(55);
    expect(await problemsWith({ databaseName })).to.deep.equal([]);
    const program = ". scripts/common.sh; printf '%s\\n' $scratch $replaced";
    const env = { ...process.env, FLASK_ON_AWS_ROOT: "/nowhere", SCHEMA: databaseName };
    const names = execFileSync("bash", ["-c", program], { env, encoding: "utf8" }).split("\n");
    expect(names.map(({ length }) => length)).to.deep.equal([63, 64, 0]);
  });
});
