import { expect } from "chai";
import { program, type Program } from "./program.ts";
import { withTasks } from "./task-stack.ts";

const groupType = "aws:cloudwatch/logGroup:LogGroup";
const name = "flask-on-aws-dev-logs";
const variables = (built: Program) =>
  built.one("command:remote:Command", "write-stack.env").inputs.stdin as string;

describe("Logs off the machine", function () {
  this.timeout(30_000);
  let built: Program;
  before(async () => {
    built = await program({ logRetentionDays: 14 });
  });

  it("are kept by a group of a name that stays, for the days of the setting", () => {
    const { inputs } = built.one(groupType, name);
    expect(inputs).to.include({ name, retentionInDays: 14 });
    expect(built.outputs.logGroups!.value).to.equal(name);
    expect(variables(built)).to.match(/^LOG_GROUP='?flask-on-aws-dev-logs'?$/m);
  });

  it("are written by the app server's role, which may do nothing else with them", () => {
    const { inputs } = built.one("aws:iam/rolePolicy:RolePolicy", name);
    expect(JSON.parse(inputs.policy as string)).to.deep.equal({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
          Resource: `arn:aws:logs:::${name}:*`,
        },
      ],
    });
    expect(
      built
        .all("aws:iam/rolePolicy:RolePolicy")
        .filter(({ inputs }) => String(inputs.policy).includes('"logs:')),
    ).to.have.length(1);
  });

  it("change nothing without the setting", async () => {
    const plain = await program();
    const added = built.resources.filter(
      (one) => !plain.resources.some((other) => other.type === one.type && other.name === one.name),
    );
    expect(added.map(({ type }) => type)).to.have.members([
      ...["flask-on-aws:storage:Logs", groupType, "aws:iam/rolePolicy:RolePolicy"],
    ]);
    expect(plain.outputs.logGroups!.value).to.equal("");
    expect(variables(plain)).to.not.include("LOG_GROUP");
  });

  it("of tasks are kept as long, and 30 days without the setting", async () => {
    const tasks = await withTasks({ logRetentionDays: 60 });
    const ofTasks = (of: Program) => of.one(groupType, "-tasks");
    expect(ofTasks(tasks).inputs.retentionInDays).to.equal(60);
    expect(tasks.outputs.logGroups!.value).to.match(/^flask-on-aws-dev-logs \S+-tasks\S*$/);
    const plain = await withTasks();
    expect(ofTasks(plain).inputs.retentionInDays).to.equal(30);
    expect(plain.outputs.logGroups!.value).to.equal("");
  });
});
