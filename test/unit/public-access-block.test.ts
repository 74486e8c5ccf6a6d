/** The site and the account's public access block. */
import { expect } from "chai";
import { program } from "./program.ts";

const token = "aws:s3/getAccountPublicAccessBlock:getAccountPublicAccessBlock";
const nothing = {
  id: "123456789012",
  blockPublicAcls: false,
  blockPublicPolicy: false,
  ignorePublicAcls: false,
  restrictPublicBuckets: false,
};

describe("A public site", () => {
  /** Runs the program in an account with these settings; resolves to its error, or "". */
  const errorIn = (block: Partial<typeof nothing>, settings: Record<string, unknown> = {}) =>
    program(settings, { [token]: () => ({ ...nothing, ...block }) }).then(
      () => "",
      (error: Error) => error.message,
    );

  it("is refused in an account that blocks public policies or restricts public buckets", async () => {
    expect(await errorIn({ blockPublicPolicy: true, ignorePublicAcls: true })).to.equal(
      [
        "The setting site is public",
        "    but AWS account 123456789012 does not allow public buckets: it has BlockPublicPolicy",
        "    remedy: pulumi config set site private --stack dev",
        "            or, if the account may have public buckets:",
        "            aws s3control put-public-access-block --account-id 123456789012 \\",
        "              --public-access-block-configuration " +
          "BlockPublicAcls=false,IgnorePublicAcls=true,BlockPublicPolicy=false,RestrictPublicBuckets=false",
      ].join("\n"),
    );
    expect(await errorIn({ restrictPublicBuckets: true })).to.include(
      "it has RestrictPublicBuckets\n",
    );
    const both = await errorIn({ blockPublicPolicy: true, restrictPublicBuckets: true });
    expect(both).to.include("it has BlockPublicPolicy and RestrictPublicBuckets\n");
  });

  it("is created in an account that blocks only public ACLs", async () => {
    expect(await errorIn({ blockPublicAcls: true, ignorePublicAcls: true })).to.equal("");
  });

  it("is created when the account's settings cannot be read", async () => {
    const refused = () => {
      throw new Error("reading S3 Account Public Access Block: AccessDenied");
    };
    const { outputs } = await program({}, { [token]: refused });
    expect(outputs["siteUrl"]!.value).to.match(/^http:/);
  });

  it("is refused with a command that names the AWS profile", async () => {
    const profile = { "aws:profile": "team" };
    expect(await errorIn({ blockPublicPolicy: true }, profile)).to.include(
      "--account-id 123456789012 --profile team \\\n",
    );
  });

  for (const site of ["private", "none"])
    it(`is not created with site ${site}, and the account's settings are not read`, async () => {
      let asked = false;
      const ask = () => {
        asked = true;
        return { ...nothing, blockPublicPolicy: true };
      };
      const { outputs } = await program({ site }, { [token]: ask });
      expect(asked).to.equal(false);
      expect(outputs["siteUrl"]!.value).to.equal("");
      const bucket = site === "none" ? "" : "flask-on-aws-dev-site-id";
      expect(outputs["siteBucket"]!.value).to.equal(bucket);
    });
});
