import { execFileSync } from "node:child_process";
import { FakeMachine } from "./machine.ts";

/**
 * Plays AWS's CLI with the state in the home's aws.json: parameters of SSM by name, images of ECR by tag, task definitions by
 * ARN, stopped and running tasks, and the successive answers of `ecs describe-services`, of which the last one stays.
 */
const awsCli = String.raw`
import json, sys
home, words = sys.argv[1], sys.argv[2:]
def option(name, otherwise=None):
    return words[words.index(name) + 1] if name in words else otherwise
with open(home + "/aws.json") as file:
    before = file.read()
state = json.loads(before)
call = " ".join(words[:2])
with open(home + "/log", "a") as log:
    log.write("aws " + " ".join(words) + "\n")
refusal = state["refused"].get(call)
if refusal:
    sys.exit(refusal)
def read():
    # The real one reads a file more than once: standard input would be empty then.
    path = option("--cli-input-json").removeprefix("file://")
    assert not path.startswith("/dev/")
    with open(path) as file:
        return json.load(file)
def answer():
    if call == "ssm get-parameters-by-path":
        if option("--query"):
            return "\t".join(state["parameters"])
        return {"Parameters": [{"Name": name, "Value": value} for name, value in state["parameters"].items()]}
    if call == "ssm put-parameter":
        given = read()
        assert given["Type"] == "SecureString" and given["Name"] not in state["parameters"]
        state["parameters"][given["Name"]] = given["Value"]
        return {"Version": 1}
    if call == "ssm delete-parameters":
        names = words[words.index("--names") + 1:]
        assert len(names) <= 10
        for name in names:
            del state["parameters"][name]
        return {}
    if call == "ecr describe-images":
        tag = option("--image-ids").partition("=")[2]
        if tag not in state["images"]:
            sys.exit("An error occurred (ImageNotFoundException)")
        return "sha256:of-" + tag
    if call == "ecr get-login-password":
        return "sesame"
    if call == "ecs describe-services":
        answers = state["workers" if option("--services") == "worker" else "services"]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return {"services": [found] if found else [], "failures": []}
    if call == "ecs update-service":
        if option("--service") == "worker":
            state["workers"] = state["workersAfterUpdate"] or state["workers"]
            return {"service": state["workers"][0]}
        state["services"] = state["afterUpdate"] or state["services"]
        return {"service": state["updated"]}
    if call == "ecs describe-task-definition":
        return {"taskDefinition": state["definitions"][option("--task-definition")]}
    if call == "ecs register-task-definition":
        given = read()
        arn = "arn:definition:" + str(len(state["definitions"]) + 1)
        state["definitions"][arn] = {**given, "taskDefinitionArn": arn, "revision": 9, "status": "ACTIVE"}
        return {"taskDefinition": state["definitions"][arn]}
    if call == "ecs list-tasks":
        group = "service:" + option("--service-name")
        listed = [task for task in state["tasks"] if task.get("group", "service:app") == group]
        return {"taskArns": [task["taskArn"] for task in listed if task["desiredStatus"] == option("--desired-status", "RUNNING")]}
    if call == "ecs describe-tasks":
        return {"tasks": [task for task in state["tasks"] if task["taskArn"] in words]}
    if call == "s3api put-object":
        return {}
    if call == "logs get-log-events":
        return {"events": state["logs"].get(option("--log-stream-name"), [])}
    if call == "logs filter-log-events":
        return {"events": [{**event, "logStreamName": name} for name, events in state["logs"].items() for event in events]}
    if call == "elbv2 describe-target-health":
        return {"TargetHealthDescriptions": state["targets"]}
    sys.exit("no answer: " + call)
if words[0] == "s3":
    sys.exit(0)
found = answer()
# Calls that only ask may run beside each other.
if state != json.loads(before):
    with open(home + "/aws.json", "w") as file:
        json.dump(state, file)
print(found if isinstance(found, str) else json.dumps(found))
`;

const python = execFileSync("python3", ["-c", "import sys; print(sys.executable)"], {
  encoding: "utf8",
}).trim();

/** A deployment of a service, as ECS describes it. */
export interface Deployment {
  readonly id: string;
  readonly status: "PRIMARY" | "ACTIVE";
  readonly taskDefinition: string;
  readonly rolloutState: "IN_PROGRESS" | "COMPLETED" | "FAILED";
  readonly rolloutStateReason?: string;
  readonly runningCount: number;
  readonly desiredCount: number;
  readonly pendingCount: number;
}

export interface AwsState {
  parameters: Record<string, string>;
  images: Record<string, string>;
  definitions: Record<string, object>;
  services: (object | null)[];
  /** What `ecs update-service` answers, and the answers of `ecs describe-services` from then on, if there are any. */
  updated: object;
  afterUpdate: object[];
  /** The same of the service of the workers. */
  workers: (object | null)[];
  workersAfterUpdate: object[];
  tasks: Record<string, unknown>[];
  targets: object[];
  logs: Record<string, { timestamp: number; message: string }[]>;
  /** Calls, as `ssm put-parameter`, and the error with which each ends. */
  refused: Record<string, string>;
}

/** An app server whose app is served by tasks. */
export class TasksMachine extends FakeMachine {
  constructor() {
    super();
    this.tasks();
    this.write("aws.py", awsCli);
    // A launcher in front of Python, as pyenv's, would make each call slow.
    this.fake("python3", `exec '${python}' "$@"`);
    this.fake("aws", `exec python3 '${this.home}/aws.py' '${this.home}' "$@"`);
    this.fake("sleep", ":");
    this.aws({});
  }

  /** Sets what the scripts know of the stack, with tasks. */
  tasks(changed: Record<string, string> = {}): void {
    this.stack({
      TASKS_CLUSTER: "stack",
      TASKS_SERVICE: "app",
      TASKS_REPOSITORY: "1.dkr.ecr.us-west-2.amazonaws.com/tasks",
      TASKS_PARAMETERS: "/stack/app",
      TASKS_LOGS: "log-group",
      TASKS_TIMEOUT: 900,
      TASKS_URL: "https://app.example.com",
      ...changed,
    });
  }

  /** Sets members of AWS's state. */
  aws(changed: Partial<AwsState>): void {
    const empty: AwsState = {
      ...{
        parameters: {},
        images: {},
        definitions: {},
        services: [null],
        updated: {},
        afterUpdate: [],
        workers: [null],
        workersAfterUpdate: [],
      },
      ...{ tasks: [], targets: [], logs: {}, refused: {} },
    };
    const before = this.exists("aws.json") ? this.state : empty;
    this.write("aws.json", JSON.stringify({ ...before, ...changed }));
  }

  get state(): AwsState {
    return JSON.parse(this.read("aws.json")) as AwsState;
  }
}

/** The definition of a commit's tasks, as ECS describes it. */
export function definition(arn: string, commit: string, environment = 1): object {
  return {
    ...{ taskDefinitionArn: arn, family: "stack-tasks", revision: 1, status: "ACTIVE" },
    ...{ networkMode: "awsvpc", cpu: "256", memory: "512", compatibilities: ["FARGATE"] },
    ...{ requiresAttributes: [{ name: "a" }], requiresCompatibilities: ["FARGATE"] },
    ...{ executionRoleArn: "arn:execution", taskRoleArn: "arn:task", volumes: [] },
    containerDefinitions: [
      {
        ...{ name: "app", image: `repository@sha256:${commit}` },
        dockerLabels: { "org.opencontainers.image.revision": commit },
        secrets: [
          { name: "KEY", valueFrom: `arn:aws:ssm:r:1:parameter/stack/app/${environment}/KEY` },
        ],
      },
    ],
  };
}

/** The service, with these deployments. */
export function service(deployments: readonly Deployment[], changed: object = {}): object {
  const running = deployments.reduce((sum, { runningCount }) => sum + runningCount, 0);
  return {
    ...{ serviceName: "app", status: "ACTIVE", desiredCount: 3, runningCount: running },
    ...{ pendingCount: 0, deployments, events: [], loadBalancers: [{ targetGroupArn: "arn:tg" }] },
    ...changed,
  };
}

export function deployment(id: string, of: string, changed: Partial<Deployment> = {}): Deployment {
  return {
    ...{ id, status: "PRIMARY", taskDefinition: of, rolloutState: "COMPLETED" },
    ...{ runningCount: 3, desiredCount: 3, pendingCount: 0 },
    ...changed,
  };
}
