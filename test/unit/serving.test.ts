import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { refuseRolledBack, releaseTrigger, type Serving } from "../../deployer/serving.ts";
import { program, type Program } from "./program.ts";

/** A record of a release. */
const released = (image: string): Serving => ({
  ...{ commit: "c0ffee", image, since: "2026-01-02T00:00:00Z", by: "ada@desk" },
  ...{ action: "release", before: "2026-01-01T00:00:00Z", rolledBack: [] },
});

describe("The record of the running release", () => {
  const v1 = { ...released("app:1"), since: "t1", before: null };
  const v2 = { ...released("app:2"), since: "t2", before: "t1" };
  const back = { ...v1, since: "t3", before: "t2", rolledBack: ["app:2"] };

  it("keeps the deploy trigger unchanged after its own release", () => {
    expect(releaseTrigger(undefined, "app:1")).to.equal(releaseTrigger(v1, "app:1"));
    expect(releaseTrigger(v1, "app:2")).to.equal(releaseTrigger(v2, "app:2"));
  });

  it("changes the deploy trigger when another image runs after a rollback or a cut-off run", () => {
    expect(releaseTrigger(back, "app:2")).to.not.equal(releaseTrigger(v2, "app:2"));
    expect(releaseTrigger(v2, "app:1")).to.not.equal(releaseTrigger(v1, "app:1"));
  });

  it("takes a patch for the image that it was made of", () => {
    const patched = { ...v2, image: "app:2-p20260103040506", since: "t3" };
    expect(releaseTrigger(patched, "app:2")).to.equal(releaseTrigger(v2, "app:2"));
    const rolledBack = { ...patched, rolledBack: ["app:2", "app:3"] };
    const refusal = (image: string) => () =>
      refuseRolledBack(rolledBack, { commit: "c", image, stack: "prod" });
    expect(refusal("app:2")).not.to.throw();
    expect(refusal("app:3")).to.throw(/was rolled back/);
  });

  it("forbids only the release of an image that was rolled back", () => {
    const refusal = (serving: Serving | undefined, image: string) => () =>
      refuseRolledBack(serving, { commit: "c2", image, stack: "prod" });
    expect(refusal(back, "app:2"))
      .to.throw(/^Commit c2, which appCommit names, was rolled back\.\nada@desk did that at t3; /)
      .with.property("message")
      .that.matches(
        /^remedy: .*: pulumi config set appCommit c0ffee --stack prod && pulumi up --stack prod$/m,
      )
      .and.includes("./ops rollback --undo --stack prod\n");
    expect(refusal(back, "app:1"), "what serves").not.to.throw();
    expect(refusal(back, "app:3"), "another commit").not.to.throw();
    expect(refusal(v2, "app:1"), "no rollback").not.to.throw();
    expect(refusal(undefined, "app:1"), "nothing serves").not.to.throw();
  });
});

describe("A release after an earlier one", function () {
  this.timeout(60_000); // a test runs the whole program up to three times
  const deploy = (of: Program) => of.one("command:remote:Command", "release-deploy").inputs;
  const triggers = (of: Program) => (deploy(of).triggers as string[]).join(" ");
  let image: string;
  before(async () => {
    const { create } = deploy(await program());
    image = /'(flask-on-aws-app:[^']*)'/.exec(create as string)![1]!;
  });
  /** The program with this record in the backup bucket. */
  const serving = (changed: Partial<Serving>) => {
    const record = { ...released(image), ...changed };
    const keys = ({ bucket, prefix }: Record<string, string>) => {
      expect({ bucket, prefix }).to.deep.equal({
        bucket: "flask-on-aws-dev-backups-id",
        prefix: "serving.json",
      });
      return { keys: ["serving.json"] };
    };
    return program(
      {},
      {
        "aws:s3/getObjects:getObjects": keys,
        "aws:s3/getObject:getObject": () => ({ body: JSON.stringify(record) }),
      },
    );
  };

  const stops = async (build: () => Promise<unknown>, reason: RegExp) => {
    const error = await build().then(
      () => undefined,
      (thrown: unknown) => thrown as Error,
    );
    expect(error).to.be.instanceOf(pulumi.RunError);
    expect(error!.message).to.match(reason);
  };

  it("deploys again only when another image than its own is running", async () => {
    const first = await program({}, { "aws:s3/getObjects:getObjects": () => ({ keys: [] }) });
    expect(triggers(first)).to.match(/ none$/);
    expect(triggers(await serving({}))).to.match(/ 2026-01-01T00:00:00Z$/);
    const other = await serving({ image: "flask-on-aws-app:other" });
    expect(triggers(other)).to.match(/ 2026-01-02T00:00:00Z$/);
  });

  it("stops when its image was rolled back, or when the record cannot be read", async () => {
    const rolledBack = { image: "flask-on-aws-app:older", rolledBack: [image] };
    await stops(() => serving({ ...rolledBack, action: "rollback" }), /was rolled back/);
    const refused = () => {
      throw new Error("AccessDenied");
    };
    await stops(
      () => program({}, { "aws:s3/getObjects:getObjects": refused }),
      /serving\.json, cannot be read: [^]*remedy: .*s3:ListBucket/,
    );
  });
});
