import { ref, type Subject, subject } from "./subject.ts";

const keep = (count: number) =>
  JSON.stringify({
    rules: [
      {
        rulePriority: 1,
        selection: { tagStatus: "any", countType: "imageCountMoreThan", countNumber: count },
        action: { type: "expire" },
      },
    ],
  });

const repositories: Subject[] = [
  subject(
    "ecr/repository",
    "aws_ecr_repository",
    "images",
    {
      ...{ name: "images", imageTagMutability: "IMMUTABLE", forceDelete: true },
      imageScanningConfiguration: { scanOnPush: true },
    },
    [
      { imageTagMutability: "MUTABLE", tags: { Name: "images" } },
      { imageScanningConfiguration: { scanOnPush: false }, forceDelete: undefined },
      { imageTagMutability: undefined, imageScanningConfiguration: undefined },
    ],
  ),
  subject(
    "ecr/repository",
    "aws_ecr_repository",
    "leaf",
    { name: "leaf" },
    [{ name: "leaf-too" }],
    {
      plannedOnly: true,
    },
  ),
  subject("ecr/repository", "aws_ecr_repository", "other-images", { name: "other" }),
  subject(
    "ecr/lifecyclePolicy",
    "aws_ecr_lifecycle_policy",
    "leaf",
    { repository: ref("images", "name"), policy: keep(20) },
    [
      { policy: JSON.stringify(JSON.parse(keep(20)), undefined, 2) },
      { policy: keep(10) },
      { repository: ref("other-images", "name") },
    ],
    { plannedOnly: true },
  ),
];

/** `environment` in either order is the same. */
const definitions = (image: string, ...names: string[]) =>
  JSON.stringify([
    {
      ...{ name: "app", image, essential: true, portMappings: [{ containerPort: 5000 }] },
      environment: names.map((name) => ({ name, value: name.toLowerCase() })),
    },
  ]);
/** With all that the program sets. */
const whole = JSON.stringify([
  {
    ...{ name: "app", image: "app:1", essential: true, stopTimeout: 35 },
    portMappings: [{ containerPort: 5000, hostPort: 5000, protocol: "tcp" }],
    ...{ entryPoint: ["sh", "-c"], command: ["exec python work.py"] },
    environment: [{ name: "A", value: "a" }],
    secrets: [{ name: "B", valueFrom: "arn:aws:ssm:us-west-2:123456789012:parameter/app/1/B" }],
    dockerLabels: { "org.opencontainers.image.revision": "1" },
    linuxParameters: { initProcessEnabled: true },
    logConfiguration: {
      logDriver: "awslogs",
      options: {
        ...{ "awslogs-group": "leaf", "awslogs-region": "us-west-2" },
        "awslogs-stream-prefix": "app",
      },
    },
  },
]);
const fargate = {
  ...{ cpu: "256", memory: "512", networkMode: "awsvpc", requiresCompatibilities: ["FARGATE"] },
  containerDefinitions: definitions("app:1", "A", "B"),
};
const ofWorkers = {
  cluster: ref("services", "arn"),
  taskDefinition: ref("first", "arn"),
  desiredCount: 2,
  launchType: "FARGATE",
  networkConfiguration: {
    subnets: [ref("near"), ref("zone-b")],
    securityGroups: [ref("open")],
  },
  deploymentCircuitBreaker: { enable: true, rollback: true },
  deploymentMinimumHealthyPercent: 100,
  deploymentMaximumPercent: 200,
};
const service = {
  ...ofWorkers,
  loadBalancers: [
    { targetGroupArn: ref("tasks", "arn"), containerName: "app", containerPort: 5000 },
  ],
  healthCheckGracePeriodSeconds: 60,
};

const fargateSubjects: Subject[] = [
  subject("ecs/cluster", "aws_ecs_cluster", "services", { name: "services" }, [
    { settings: [{ name: "containerInsights", value: "enabled" }], tags: { Name: "services" } },
    { settings: undefined },
  ]),
  subject("ecs/cluster", "aws_ecs_cluster", "leaf", { name: "leaf" }, [{ name: "leaf-too" }], {
    plannedOnly: true,
  }),
  subject("ecs/cluster", "aws_ecs_cluster", "other-cluster", { name: "other" }),
  subject(
    "ecs/taskDefinition",
    "aws_ecs_task_definition",
    "first",
    { ...fargate, family: "first", skipDestroy: true },
    [
      { containerDefinitions: definitions("app:1", "B", "A"), tags: { Name: "first" } },
      { requiresCompatibilities: ["FARGATE"], skipDestroy: undefined },
    ],
  ),
  subject("ecs/taskDefinition", "aws_ecs_task_definition", "second", {
    ...{ ...fargate, family: "second", containerDefinitions: definitions("app:2") },
    runtimePlatform: { operatingSystemFamily: "LINUX", cpuArchitecture: "X86_64" },
  }),
  subject(
    "ecs/taskDefinition",
    "aws_ecs_task_definition",
    "leaf",
    {
      ...fargate,
      family: "leaf",
      containerDefinitions: whole,
      executionRoleArn: ref("app", "arn"),
    },
    [
      { containerDefinitions: definitions("app:2", "A", "B") },
      { cpu: "512", memory: "1024", taskRoleArn: ref("app", "arn") },
      { family: "leaf-too", containerDefinitions: whole, executionRoleArn: undefined },
    ],
    { plannedOnly: true },
  ),
  subject(
    "ecs/service",
    "aws_ecs_service",
    "web",
    { ...service, name: "web", waitForSteadyState: true, propagateTags: "SERVICE" },
    [
      {
        taskDefinition: ref("second", "arn"),
        deploymentCircuitBreaker: { enable: true, rollback: false },
        desiredCount: 3,
        tags: { Name: "web" },
      },
      {
        healthCheckGracePeriodSeconds: 30,
        deploymentMinimumHealthyPercent: 50,
        waitForSteadyState: undefined,
        deploymentMaximumPercent: undefined,
      },
      {
        networkConfiguration: {
          subnets: [ref("zone-b"), ref("near")],
          securityGroups: [ref("open"), ref("closed")],
          assignPublicIp: true,
        },
        propagateTags: undefined,
        enableEcsManagedTags: true,
      },
    ],
    { after: "secure" },
  ),
  subject(
    "ecs/service",
    "aws_ecs_service",
    "worker",
    { ...ofWorkers, name: "worker", waitForSteadyState: true, propagateTags: "SERVICE" },
    [{ desiredCount: 1, tags: { Name: "worker" } }],
  ),
  subject(
    "ecs/service",
    "aws_ecs_service",
    "leaf",
    { ...service, name: "leaf", desiredCount: 0 },
    [
      { desiredCount: undefined, deploymentCircuitBreaker: undefined },
      { cluster: ref("other-cluster", "arn") },
      { name: "leaf-too" },
    ],
    { after: "secure", plannedOnly: true },
  ),
];

const tracking = {
  predefinedMetricSpecification: { predefinedMetricType: "ECSServiceAverageCPUUtilization" },
  ...{ targetValue: 60, scaleOutCooldown: 120, scaleInCooldown: 300 },
};
const ofWeb = {
  ...{ serviceNamespace: "ecs", scalableDimension: "ecs:service:DesiredCount" },
  resourceId: "service/services/web",
};

const scaling: Subject[] = [
  subject(
    "appautoscaling/target",
    "aws_appautoscaling_target",
    "scaled",
    { ...ofWeb, minCapacity: 2, maxCapacity: 4 },
    [
      { minCapacity: 3, maxCapacity: 5, tags: { Name: "scaled" } },
      { maxCapacity: 3, tags: undefined },
      { resourceId: "service/services/leaf" },
    ],
    { after: "web" },
  ),
  subject(
    "appautoscaling/policy",
    "aws_appautoscaling_policy",
    "by-cpu",
    {
      ...{ ...ofWeb, name: "by-cpu", policyType: "TargetTrackingScaling" },
      targetTrackingScalingPolicyConfiguration: tracking,
    },
    [
      { targetTrackingScalingPolicyConfiguration: { ...tracking, targetValue: 50 } },
      { targetTrackingScalingPolicyConfiguration: { ...tracking, disableScaleIn: true } },
      { name: "by-cpu-too", resourceId: "service/services/leaf" },
    ],
    { after: "scaled" },
  ),
];

/** Images in ECR, and tasks behind the load balancer of `balancers`. */
export const containers: readonly Subject[] = [...repositories, ...fargateSubjects, ...scaling];
