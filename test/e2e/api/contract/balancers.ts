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

const loadBalancers: Subject[] = [
  subject(
    "lb/loadBalancer",
    "aws_lb",
    "front",
    {
      ...{ ...balancer, name: "front", dropInvalidHeaderFields: true, internal: false },
      tags: { Name: "front" },
    },
    [
      { idleTimeout: 120, dropInvalidHeaderFields: false, securityGroups: [ref("closed")] },
      { subnets: [ref("zone-b"), ref("near")], enableDeletionProtection: true },
      { tags: { Name: "first" }, idleTimeout: undefined, dropInvalidHeaderFields: undefined },
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
      { deregistrationDelay: 30, healthCheck: { path: "/ready", matcher: "200", timeout: 4 } },
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

/** A load balancer in the network, with the domain's certificate. */
export const balancers: readonly Subject[] = [...certificates, ...loadBalancers];
