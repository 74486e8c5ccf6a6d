import { createHash } from "node:crypto";

import { ref, type Subject, subject } from "./subject.ts";
import { zoneId } from "./zone.ts";

/** The validation record that the lab's ACM wants for a name. */
function validation(name: string) {
  const account = "123456789012";
  const digest = (text: string) => createHash("sha256").update(text).digest("hex");
  const half = (side: string) => digest(`${side} ${account} ${name}`).slice(0, 32);
  return {
    fqdn: `_${half("name")}.${name}`,
    value: `_${half("value")}.${digest(account).slice(0, 10)}.acm-validations.aws.`,
  };
}
const domain = "app.example.test";
const { fqdn, value } = validation(domain);

const certificates: Subject[] = [
  subject(
    "acm/certificate",
    "aws_acm_certificate",
    "domain",
    { domainName: domain, validationMethod: "DNS" },
    [{ tags: { Name: "domain" } }, { subjectAlternativeNames: [domain] }],
  ),
  subject(
    "acm/certificate",
    "aws_acm_certificate",
    "leaf",
    {
      domainName: "a.example.test",
      subjectAlternativeNames: ["b.example.test"],
      validationMethod: "DNS",
    },
    [
      { subjectAlternativeNames: ["b.example.test", "a.example.test"] },
      { subjectAlternativeNames: ["c.example.test"] },
      { domainName: "d.example.test" },
    ],
    { plannedOnly: true },
  ),
  subject("route53/record", "aws_route53_record", "validation", {
    ...{ zoneId, name: fqdn, type: "CNAME", ttl: 60, records: [value] },
  }),
  subject(
    "acm/certificateValidation",
    "aws_acm_certificate_validation",
    "issued",
    { certificateArn: ref("domain", "arn"), validationRecordFqdns: [fqdn] },
    [{}, { validationRecordFqdns: undefined }],
    { after: "validation" },
  ),
];

const forward = [{ type: "forward", targetGroupArn: ref("tasks", "arn") }];
const redirect = (statusCode: string) => [
  { type: "redirect", redirect: { port: "443", protocol: "HTTPS", statusCode } },
];
const balancer = { securityGroups: [ref("open")], subnets: [ref("near"), ref("zone-b")] };
const group = { port: 5000, protocol: "HTTP", targetType: "ip", vpcId: ref("main") };

const balancers: Subject[] = [
  subject(
    "lb/loadBalancer",
    "aws_lb",
    "front",
    { ...balancer, name: "front", dropInvalidHeaderFields: true, internal: false },
    [
      { idleTimeout: 120, dropInvalidHeaderFields: false, securityGroups: [ref("closed")] },
      { subnets: [ref("zone-b"), ref("near")], enableDeletionProtection: true },
      { tags: { Name: "front" }, idleTimeout: undefined, dropInvalidHeaderFields: undefined },
    ],
    { after: "gate" },
  ),
  subject(
    "lb/loadBalancer",
    "aws_lb",
    "leaf",
    { ...balancer, name: "leaf", idleTimeout: 60, loadBalancerType: "application" },
    [{ internal: true }, { internal: undefined, loadBalancerType: undefined }, { name: "other" }],
    { after: "gate", plannedOnly: true },
  ),
  subject(
    "lb/targetGroup",
    "aws_lb_target_group",
    "tasks",
    {
      ...{ ...group, name: "tasks", deregistrationDelay: 1 },
      healthCheck: { path: "/health", matcher: "200-399" },
    },
    [
      {
        healthCheck: {
          ...{ path: "/ready", matcher: "200", interval: 10, timeout: 4 },
          ...{ healthyThreshold: 2, unhealthyThreshold: 3 },
        },
        tags: { Name: "tasks" },
      },
      { deregistrationDelay: 30 },
      { deregistrationDelay: undefined, healthCheck: undefined },
    ],
  ),
  subject(
    "lb/targetGroup",
    "aws_lb_target_group",
    "leaf",
    { ...group, name: "leaf", deregistrationDelay: 300 },
    [{ port: 5001 }, { protocol: "HTTPS" }, { name: "leaf-too", vpcId: ref("other") }],
    { plannedOnly: true },
  ),
  subject(
    "lb/listener",
    "aws_lb_listener",
    "plain",
    {
      ...{ loadBalancerArn: ref("front", "arn"), port: 80, protocol: "HTTP" },
      defaultActions: redirect("HTTP_301"),
    },
    [
      { defaultActions: redirect("HTTP_302"), tags: { Name: "plain" } },
      { port: 8080 },
      { defaultActions: forward },
    ],
  ),
  subject(
    "lb/listener",
    "aws_lb_listener",
    "secure",
    {
      ...{ loadBalancerArn: ref("front", "arn"), port: 443, protocol: "HTTPS" },
      sslPolicy: "ELBSecurityPolicy-TLS13-1-2-2021-06",
      ...{ certificateArn: ref("issued", "certificateArn"), defaultActions: forward },
    },
    [
      { sslPolicy: "ELBSecurityPolicy-TLS13-1-2-Res-2021-06" },
      { port: 8443, sslPolicy: undefined },
    ],
  ),
  subject(
    "route53/record",
    "aws_route53_record",
    "alias",
    {
      ...{ zoneId, name: "balancer.example.test", type: "A" },
      aliases: [
        {
          name: ref("front", "dnsName"),
          zoneId: ref("front", "zoneId"),
          evaluateTargetHealth: true,
        },
      ],
    },
    [
      {
        aliases: [
          {
            name: ref("front", "dnsName"),
            zoneId: ref("front", "zoneId"),
            evaluateTargetHealth: false,
          },
        ],
      },
      { aliases: undefined, ttl: 60, records: ["192.0.2.9"] },
    ],
  ),
];

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
const containers = (image: string, ...names: string[]) =>
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
  containerDefinitions: containers("app:1", "A", "B"),
};
const service = {
  cluster: ref("services", "arn"),
  taskDefinition: ref("first", "arn"),
  desiredCount: 2,
  launchType: "FARGATE",
  networkConfiguration: {
    subnets: [ref("near"), ref("zone-b")],
    securityGroups: [ref("open")],
  },
  loadBalancers: [
    { targetGroupArn: ref("tasks", "arn"), containerName: "app", containerPort: 5000 },
  ],
  deploymentCircuitBreaker: { enable: true, rollback: true },
  deploymentMinimumHealthyPercent: 100,
  deploymentMaximumPercent: 200,
  healthCheckGracePeriodSeconds: 60,
};

const containersOnFargate: Subject[] = [
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
      { containerDefinitions: containers("app:1", "B", "A"), tags: { Name: "first" } },
      { requiresCompatibilities: ["FARGATE"], skipDestroy: undefined },
    ],
  ),
  subject("ecs/taskDefinition", "aws_ecs_task_definition", "second", {
    ...{ ...fargate, family: "second", containerDefinitions: containers("app:2") },
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
      { containerDefinitions: containers("app:2", "A", "B") },
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

/** Tasks behind a load balancer, with the domain's certificate, in the network. */
export const services: readonly Subject[] = [
  ...certificates,
  ...balancers,
  ...repositories,
  ...containersOnFargate,
];
