import * as aws from "@pulumi/aws";
import { expect } from "chai";
import { registrations } from "./mocks.ts";

async function failureOf(build: () => unknown): Promise<string> {
  try {
    await registrations(build);
  } catch (error) {
    return (error as Error).message;
  }
  return "";
}

describe("The mocks", () => {
  it("refuse a resource of an unknown type", async () => {
    const failure = await failureOf(() => new aws.sqs.Queue("queue"));
    expect(failure).to.equal("not mocked: aws:sqs/queue:Queue");
  });

  it("refuse an unknown function call", async () => {
    const failure = await failureOf(() => aws.getPartition().catch(() => "refused"));
    expect(failure).to.equal("not mocked: aws:index/getPartition:getPartition");
  });
});
