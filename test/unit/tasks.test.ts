/** Tasks on ECS: what the program registers for them, and nothing without them. */
import { expect } from "chai";
import fc from "fast-check";
import { balancerName } from "../../compute/tasks/names.ts";
import * as timings from "../../compute/tasks/timings.ts";
import { program, upstream, type Program } from "./program.ts";
import { account, domain, withTasks } from "./task-stack.ts";

const [record, remote] = ["aws:route53/record:Record", "command:remote:Command"];
const step = (name: string) => `${remote} flask-on-aws-dev-release-${name}`;
const local = "command:local:Command";
const variables = `${local} flask-on-aws-dev-tasks-variables`;

const containerOf = (built: Program) => {
  const text: string = built.one("aws:ecs/taskDefinition:TaskDefinition").inputs
    .containerDefinitions;
  const [container, ...others] = JSON.parse(text) as Record<string, any>[];
  expect(others).to.deep.equal([]);
  return container!;
};

describe("Tasks on ECS", function () {
  this.timeout(60_000);
  let built: Program;
  before(async () => {
    built = await withTasks();
  });

  it("do not exist by default", async () => {
    const { resources, outputs } = await program({ domain }, account("app server"));
    for (const { type, name } of resources) {
      expect(type, name).to.not.match(/^aws:(acm|ecr|ecs|lb|ssm)\/|compute:(Tasks|Balancer)/);
      expect(name).to.not.match(/push|serve-tasks|tasks-variables|balancer/);
    }
    const stackFile = resources.find(({ name }) => name.endsWith("write-stack.env"))!.inputs;
    expect(stackFile.stdin).to.not.include("TASKS_");
    expect(outputs.canaryUrl).to.deep.include({ value: "" });
  });

  it("serve HTTPS by a load balancer over the public subnets, and redirect HTTP", () => {
    const balancer = built.one("aws:lb/loadBalancer:LoadBalancer").inputs;
    expect(balancer).to.include({
      internal: false,
      dropInvalidHeaderFields: true,
      idleTimeout: 60,
    });
    expect(balancer.subnets).to.deep.equal([
      "flask-on-aws-dev-public-us-west-2a-id",
      "flask-on-aws-dev-public-us-west-2b-id",
    ]);
    expect(balancer.securityGroups).to.deep.equal(["flask-on-aws-dev-balancer-id"]);
    const { redirect } = built.one("aws:lb/listener:Listener", "-http").inputs.defaultActions[0];
    expect(redirect).to.deep.equal({ port: "443", protocol: "HTTPS", statusCode: "HTTP_301" });
    const https = built.one("aws:lb/listener:Listener", "-https").inputs;
    expect(https).to.include({ port: 443, sslPolicy: "ELBSecurityPolicy-TLS13-1-2-Res-2021-06" });
    expect(https.certificateArn).to.equal(
      "arn:aws:acm:us-west-2:123456789012:certificate/of-app.example.com",
    );
  });

  it("are checked on the page of the health check, or on any page of /", async () => {
    const check = (of: Program) => of.one("aws:lb/targetGroup:TargetGroup").inputs.healthCheck;
    expect(check(built)).to.include({ path: "/", matcher: "200-399" });
    const settings = { appHealthPath: "/up", appHealthStatus: 204 };
    expect(check(await withTasks(settings))).to.include({ path: "/up", matcher: "204" });
  });

  it("run in the private subnets, rolled by ECS with a circuit breaker", () => {
    const { inputs, ignoreChanges } = built.one("aws:ecs/service:Service");
    expect(inputs).to.include({
      ...{ name: "app", launchType: "FARGATE", desiredCount: 3 },
      ...{ deploymentMinimumHealthyPercent: 100, deploymentMaximumPercent: 200 },
    });
    expect(inputs.deploymentCircuitBreaker).to.deep.equal({ enable: true, rollback: true });
    expect(inputs.networkConfiguration).to.deep.equal({
      subnets: ["flask-on-aws-dev-private-us-west-2a-id", "flask-on-aws-dev-private-us-west-2b-id"],
      securityGroups: ["flask-on-aws-dev-tasks-id"],
      assignPublicIp: false,
    });
    expect(ignoreChanges, "serve-tasks.sh updates it").to.deep.equal(["taskDefinition"]);
  });

  it("have the size, the image and the variables of the release, and no secret", async () => {
    const { inputs } = built.one("aws:ecs/taskDefinition:TaskDefinition");
    const container = containerOf(built);
    expect(inputs).to.include({ cpu: "256", memory: "512", skipDestroy: true });
    expect(container.image).to.match(/^123456789012\.dkr\.ecr\.us-west-2\..*@sha256:0a1b$/);
    expect(container.dockerLabels).to.deep.equal({ "org.opencontainers.image.revision": "c0ffee" });
    const parameters = "arn:aws:ssm:us-west-2:123456789012:parameter/flask-on-aws-dev/app/7";
    expect(container.secrets).to.deep.equal([
      { name: "DB_PASS", valueFrom: `${parameters}/DB_PASS` },
      { name: "SECRET_KEY", valueFrom: `${parameters}/SECRET_KEY` },
    ]);
    expect(container.portMappings[0]).to.include({ containerPort: 5005 });
    const own = containerOf(
      await withTasks({
        ...{ appTaskSize: "2 vCPU, 4 GB", databaseInstanceClass: "db.t4g.large" },
        ...{ appDockerfile: "Dockerfile", appPort: 8000 },
      }),
    );
    expect(own.environment).to.deep.include({ name: "PORT", value: "8000" });
    expect(own.environment[0].value).to.include("--workers=4 --threads=1");
  });

  it("end without a lost request: each time is longer than what it waits for", () => {
    const { inputs } = built.one("aws:lb/targetGroup:TargetGroup");
    const { idleTimeout } = built.one("aws:lb/loadBalancer:LoadBalancer").inputs;
    const container = containerOf(built);
    const options: string = container.environment[0].value;
    const option = (name: string) => Number(new RegExp(`--${name}=(\\d+)`).exec(options)![1]);
    expect(option("keep-alive")).to.be.above(idleTimeout);
    expect(container.stopTimeout).to.be.above(option("graceful-timeout")).and.at.most(120);
    expect(inputs.healthCheck.timeout).to.be.below(inputs.healthCheck.interval);
    expect(timings.healthCheckGracePeriod).to.be.above(90);
  });

  it("are released after the app server: push, definition, service, and only then the record", () => {
    const service = "aws:ecs/service:Service flask-on-aws-dev-tasks";
    const ofDomain = `${record} flask-on-aws-dev-domain`;
    for (const [earlier, later] of [
      [step("deploy"), step("push")],
      ["aws:iam/rolePolicy:RolePolicy flask-on-aws-dev-tasks", step("push")],
      [variables, step("push")],
      [step("push"), "aws:ecs/taskDefinition:TaskDefinition flask-on-aws-dev-tasks"],
      ["aws:lb/listener:Listener flask-on-aws-dev-tasks-https", service],
      ["aws:iam/rolePolicy:RolePolicy flask-on-aws-dev-execution", service],
      [variables, service],
      [service, step("serve-tasks")],
      [step("serve-tasks"), step("lock-old-user")],
      [step("serve-tasks"), ofDomain],
    ] as const)
      expect(upstream(built, later), `${earlier} before ${later}`).to.include(earlier);
  });

  it("are served by scripts that get names alone", () => {
    const bin = "/opt/flask-on-aws/bin";
    expect(built.one(remote, "release-push").inputs.create).to.match(
      /^\/opt\/flask-on-aws\/bin\/deploy-lock\.sh push\.sh 'flask-on-aws-app:[\w-]+'$/,
    );
    const definition = "arn:aws:ecs:us-west-2:123456789012:task-definition/flask-on-aws-dev-tasks";
    expect(built.one(remote, "release-serve-tasks").inputs.create).to.equal(
      `${bin}/run-detached.sh serve-tasks serve-tasks.sh 'flask-on-aws-dev' 'app' '${definition}:1' '900' '3' '3'`,
    );
    const stackFile: string = built.one(remote, "stack.env").inputs.stdin;
    expect(stackFile).to.match(
      /\nTASKS_CLUSTER='flask-on-aws-dev'\n[^]*\nTASKS_GROUP='\S+-tasks-id'\n/,
    );
    expect(stackFile).to.include("\nTASKS_PARAMETERS='/flask-on-aws-dev/app'\n");
    expect(stackFile).to.include("\nAPP_URL='https://198.18.0.64'\n");
  });

  it("run the release's steps again when their number changes, and the app server's do not", async () => {
    const more = await withTasks({ appTasks: 4, databaseInstanceClass: "db.t4g.small" });
    const triggers = (of: Program, name: string) =>
      of.one(remote, `release-${name}`).inputs.triggers;
    for (const name of ["deploy", "push", "write-stack.env"])
      expect(triggers(more, name), name).to.deep.equal(triggers(built, name));
    expect(triggers(more, "serve-tasks")).to.not.deep.equal(triggers(built, "serve-tasks"));
  });

  it("remove their variables from SSM when they end, and at no other time", () => {
    const { triggers, ...inputs } = built.one(local, "tasks-variables").inputs;
    expect(triggers).to.equal(undefined);
    expect(inputs).to.include({
      create: "true",
      delete: `node compute/tasks/remove-parameters.ts '{"region":"us-west-2"}' '/flask-on-aws-dev/app'`,
    });
    const machine = "aws:ec2/instance:Instance flask-on-aws-dev-app-machine";
    expect([...upstream(built, variables)], "needs no machine").to.not.include(machine);
  });

  it("may pull this image, write this log and read these variables; the app may do nothing", () => {
    const policies = built.all("aws:iam/rolePolicy:RolePolicy");
    const policy = policies.find(({ name }) => name.endsWith("-execution"))!;
    const { Statement } = JSON.parse(policy.inputs.policy) as {
      Statement: { Action: string | string[]; Resource: string }[];
    };
    expect(Statement.filter(({ Resource }) => Resource === "*").map(({ Action }) => Action)).to.eql(
      ["ecr:GetAuthorizationToken"],
    );
    expect(Statement.find(({ Action }) => Action === "ssm:GetParameters")!.Resource).to.equal(
      "arn:aws:ssm:us-west-2:123456789012:parameter/flask-on-aws-dev/app/*",
    );
    expect(policies.filter(({ inputs }) => /-task-id$/.test(inputs.role))).to.eql([]);
  });

  it("let the app server's role pass the two roles to tasks, and no other", () => {
    const { inputs } = built.one("aws:iam/rolePolicy:RolePolicy", "dev-tasks");
    expect(inputs.role).to.equal("flask-on-aws-dev-app-id");
    const { Statement } = JSON.parse(inputs.policy) as { Statement: Record<string, unknown>[] };
    const pass = Statement.filter(({ Action }) => JSON.stringify(Action).includes("PassRole"));
    expect(pass).to.deep.equal([
      {
        ...{ Effect: "Allow", Action: "iam:PassRole" },
        Resource: [
          "arn:aws:iam:::flask-on-aws-dev-execution",
          "arn:aws:iam:::flask-on-aws-dev-task",
        ],
        Condition: { StringEquals: { "iam:PassedToService": "ecs-tasks.amazonaws.com" } },
      },
    ]);
    const update = Statement.find(({ Action }) => String(Action).includes("ecs:UpdateService"));
    expect(update!.Resource).to.equal(
      "arn:aws:ecs:us-west-2:123456789012:service/flask-on-aws-dev/app",
    );
  });

  it("have outputs for the page, the app server's page and records", async () => {
    const value = (of: Program, name: string) => of.outputs[name]!.value;
    expect(value(built, "appUrl")).to.equal("https://app.example.com");
    expect(value(built, "canaryUrl")).to.equal("https://198.18.0.64");
    expect(value(built, "dnsRecord")).to.equal("");
    const elsewhere = await withTasks({ dnsZone: "none" });
    expect(value(elsewhere, "dnsRecord")).to.match(
      /^_1\.app\.example\.com\. 300 IN CNAME _2\.acm-validations\.aws\.\napp\.example\.com\. 60 IN CNAME flask-\S+\.elb\.amazonaws\.com\.$/,
    );
    expect(elsewhere.all(record)).to.deep.equal([]);
  });

  it("use a certificate that the settings name, and make none then", async () => {
    const certificateArn = "arn:aws:acm:us-west-2:123456789012:certificate/0a1b";
    const own = await withTasks({ certificateArn });
    expect(own.all("aws:acm/certificate:Certificate")).to.deep.equal([]);
    expect(own.one("aws:lb/listener:Listener", "-https").inputs.certificateArn).to.equal(
      certificateArn,
    );
  });

  it("are switched on while the app server keeps the domain's certificate for one update", async () => {
    const page = (of: Program) =>
      /APP_URL='(.*)'/.exec(of.one(remote, "stack.env").inputs.stdin)![1];
    const first = await withTasks({}, account("app server"));
    expect(page(first)).to.equal("https://app.example.com");
    expect(first.one(record, "dev-domain").inputs.aliases[0].zoneId).to.equal("Z1H1FL5HABSF5");
    expect(page(await withTasks({}, account("load balancer")))).to.equal("https://198.18.0.64");
  });

  it("are switched off by moving the record first, and stay until the next update", async () => {
    const off = { appTasks: 0 };
    const first = await withTasks(off, account("load balancer"));
    expect(first.one(record, "dev-domain").inputs.records).to.deep.equal(["198.18.0.64"]);
    const { ignoreChanges } = first.one("aws:ecs/service:Service");
    expect(ignoreChanges).to.deep.equal(["taskDefinition", "desiredCount"]);
    const { outputs } = first;
    expect(outputs.canaryUrl, "the app server serves the domain").to.deep.include({ value: "" });
    const second = await withTasks(off, account("app server"));
    expect(second.all("aws:ecs/service:Service")).to.deep.equal([]);
  });
});

describe("The name of a load balancer", () => {
  it("fits AWS's rules for each name of a stack, and differs where the resource is another one", () => {
    const stack = fc
      .array(fc.stringMatching(/^[a-z0-9]{1,8}$/), { minLength: 1, maxLength: 6 })
      .map((words) => words.join("-").slice(0, 46));
    fc.assert(
      fc.property(stack, fc.integer({ min: 1, max: 65535 }), (name, port) => {
        expect(balancerName(name, port)).to.match(/^(?!internal-)[a-z0-9][a-z0-9-]{0,30}[a-z0-9]$/);
        expect(balancerName(name, port)).to.not.equal(balancerName(name));
      }),
    );
  });
});
