import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { AlarmRule } from "./rule.ts";

/** The app's page, as everybody reaches it. */
export interface WatchedPage {
  /** Empty if the page has only an address. */
  readonly domain: string;
  /** IPv4, of the app server. */
  readonly address: pulumi.Input<string>;
  readonly https: boolean;
  /** Path and status of the page; the path may be empty. */
  readonly health: { readonly path: string; readonly status: number };
}

/**
 * A health check of Route 53: many places of the internet ask for the page, each in 30 seconds. It does not validate the page's
 * certificate, neither of a domain nor of an address. An app whose page answers with 400 or more by design is only asked
 * whether its port answers, because such a page never counts as healthy.
 *
 * 0.50 USD a month for an endpoint at AWS, of which 50 of an account are free, and 1 USD for HTTPS: AWS's page "Amazon
 * Route 53 pricing", read in September 2026.
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-creating-values.html
 */
export function createPageCheck(
  prefix: string,
  { domain, address, https, health }: WatchedPage,
  opts: pulumi.CustomResourceOptions,
): aws.route53.HealthCheck {
  const protocol = https ? "HTTPS" : "HTTP";
  const type = health.status < 400 ? protocol : "TCP";
  // Route 53 cannot change a check of an address into one of a name.
  const name = `${prefix}-page-of-${domain ? "domain" : "address"}`;
  return new aws.route53.HealthCheck(
    name,
    {
      type,
      port: https ? 443 : 80,
      ...(domain ? { fqdn: domain } : { ipAddress: address }),
      ...(type === "TCP" ? {} : { resourcePath: health.path || "/" }),
      // The proxy knows by itself which certificate clients get that name no host.
      ...(type === "HTTPS" ? { enableSni: domain !== "" } : {}),
      requestInterval: 30,
      failureThreshold: 3,
      tags: { Name: name },
    },
    opts,
  );
}

/** CloudWatch has the results of health checks in us-east-1 only, so the alarm has to be there. */
export function pageRule(
  healthCheck: pulumi.Input<string>,
  url: pulumi.Input<string>,
  status: string,
): AlarmRule {
  return {
    name: "page",
    namespace: "AWS/Route53",
    metric: "HealthCheckStatus",
    dimensions: { HealthCheckId: healthCheck },
    // 1 for healthy. Route 53 itself waits for three failures, 90 seconds: that outlasts the restart of a proxy.
    statistic: "Minimum",
    breach: ["<", 1],
    period: 60,
    periods: 2,
    // A new check has no values for some minutes, which must be no alarm. When the values end, because somebody has deleted
    // or disabled the check, that is told as INSUFFICIENT_DATA.
    silence: "missing",
    tellsEnd: true,
    meaning: pulumi.interpolate`${url} does not answer from outside. See: ${status}`,
  };
}
