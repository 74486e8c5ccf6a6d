import { expect } from "chai";
import { descriptionOf } from "../../network/own-address.ts";
import { acceptanceMachine, appRule, rightRules } from "../support/acceptance-machine.ts";

describe("The acceptance check of the security group rules", () => {
  const { machine, rules, check, fails } = acceptanceMachine();

  for (const [what, line, found] of [
    ["SSH to everybody", appRule(22), "sgr-22 of sg-app lets 0.0.0.0/0 in on tcp 22"],
    ["SSH to everybody by IPv6", appRule(22, "::/0"), "sgr-22 of sg-app lets ::/0 in on tcp 22"],
    [
      "more than one port",
      "sg-app\tsgr-1\ttcp\t80\t443\t0.0.0.0/0",
      "sgr-1 of sg-app lets 0.0.0.0/0 in on tcp 80 to 443",
    ],
    [
      "UDP",
      "sg-app\tsgr-1\tudp\t443\t443\t0.0.0.0/0",
      "sgr-1 of sg-app lets 0.0.0.0/0 in on udp 443",
    ],
    [
      "every port",
      "sg-app\tsgr-1\t-1\t-1\t-1\t0.0.0.0/0",
      "sgr-1 of sg-app lets 0.0.0.0/0 in on every port",
    ],
    [
      "the database to an address",
      "sg-db\tsgr-1\ttcp\t3306\t3306\t10.0.0.0/8",
      "sgr-1 of sg-db lets 10.0.0.0/8 in on tcp 3306",
    ],
    [
      "another port of the database",
      "sg-db\tsgr-1\ttcp\t22\t22\tsg-app",
      "sgr-1 of sg-db lets sg-app in on tcp 22",
    ],
  ] as const) {
    it(`names the rule that opens ${what}, and the command that removes it`, () => {
      rules(...rightRules, line);
      const [group, id] = line.split("\t");
      expect(check("rules")).to.deep.equal([
        [
          ...["rules", "FAILED", `security group rules that must not be there: ${found}`],
          `remove them: aws ec2 revoke-security-group-ingress --region us-west-2 --group-id ${group} --security-group-rule-ids ${id}`,
        ],
      ]);
    });
  }

  it("accepts that tasks reach the database where there are tasks, and no other group", () => {
    const ofTasks = "sg-db\tsgr-1\ttcp\t3306\t3306\tsg-tasks";
    rules(...rightRules, ofTasks);
    expect(check("rules")[0]![1]).to.equal("FAILED");
    machine().stack({ TASKS_GROUP: "sg-tasks" });
    expect(check("rules")[0]!.slice(1, 3)).to.deep.equal([
      "ok",
      "everybody reaches ports 80, 443 and 5085 only, and only this machine and the tasks reach the database",
    ]);
    rules(...rightRules, ofTasks.replace("sg-tasks", "sg-other"));
    expect(check("rules")[0]![1]).to.equal("FAILED");
  });

  it("accepts SSH rules for the addresses of administrators", () => {
    rules(...rightRules, appRule(22, "198.51.100.0/24"), appRule(22, "203.0.113.7/32"));
    expect(check("rules")[0]![1]).to.equal("ok");
  });

  /** A temporary rule that expires in so many minutes. */
  const temporary = (minutes: number) => {
    const made = Date.now() + (minutes - 24 * 60) * 60_000;
    const description = descriptionOf("ada lovelace@laptop", made);
    return `${appRule(22, "203.0.113.7/32")}\t${description}`;
  };

  it("accepts a temporary SSH rule until it expires", () => {
    rules(
      ...rightRules,
      temporary(2),
      `${appRule(22, "198.51.100.0/24")}\tSSH of an administrator`,
    );
    expect(check("rules")[0]![1]).to.equal("ok");
  });

  it("names an expired temporary SSH rule and the command that removes it", () => {
    rules(...rightRules, temporary(-1));
    fails(
      "rules",
      /there: sgr-22 of sg-app lets 203\.0\.113\.7\/32 in on tcp 22, though only until 20\S+Z$/,
      /^remove them: aws ec2 revoke-security-group-ingress .* sgr-22$/,
    );
  });

  it("reports why the rules cannot be read", () => {
    machine().fake("aws", "echo Denied >&2; exit 254");
    fails("rules", /cannot be read: Denied$/, /^run pulumi up --refresh --stack prod/);
  });
});
