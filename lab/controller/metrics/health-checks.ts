/** Makes the health checks of Route 53 from the lab's internet, and reports their status, as AWS does in us-east-1. */
import { setTimeout as sleep } from "node:timers/promises";
import { healthChecks, reportMetrics, type HealthCheck } from "../control-api.ts";
import { exec, type Lab } from "../docker.ts";
import { internetName } from "../internet.ts";

/** Milliseconds between two looks at which checks are due. */
const pollInterval = 1_000;

/** What is known of a health check. */
export interface Health {
  /** The first checks of a new one decide only together. */
  readonly healthy: boolean;
  /** How many of the last checks say the opposite. */
  readonly opposite: number;
}

/**
 * The health after one more check. It changes after as many checks in a row as the threshold says.
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-creating-values.html
 */
export function afterCheck(
  { healthy, opposite }: Health = { healthy: true, opposite: 0 },
  succeeded: boolean,
  threshold: number,
): Health {
  if (succeeded === healthy) return { healthy, opposite: 0 };
  if (opposite + 1 < threshold) return { healthy, opposite: opposite + 1 };
  return { healthy: succeeded, opposite: 0 };
}

export class HealthChecks {
  private readonly lab: Lab;
  private readonly revision: () => number;
  /** The health checks as of a revision of the API. */
  private current = { revision: NaN, checks: [] as HealthCheck[] };
  private readonly known = new Map<string, { health: Health; due: number }>();

  /** @param revision of the API: until it changes, there are the same health checks at the same addresses */
  constructor(lab: Lab, revision: () => number) {
    this.lab = lab;
    this.revision = revision;
  }

  /** Checks as long as the process lives. `run` runs a job and logs its errors. */
  async watch(run: (key: string, job: () => Promise<void>) => Promise<void>): Promise<never> {
    for (;;) {
      await run("health checks", async () => {
        const revision = this.revision();
        if (revision !== this.current.revision) {
          this.current = { revision, checks: await healthChecks() };
          this.forget(this.current.checks);
        }
        await Promise.all(this.current.checks.map((check) => this.checkIfDue(check)));
      });
      await sleep(pollInterval);
    }
  }

  private async checkIfDue(check: HealthCheck): Promise<void> {
    const before = this.known.get(check.id);
    const now = Date.now();
    if (before && now < before.due) return;
    const health = afterCheck(before?.health, await this.succeeds(check), check.threshold);
    this.known.set(check.id, { health, due: now + check.interval * 1000 });
    const dimensions = { HealthCheckId: check.id };
    const value = Number(health.healthy);
    const metric = { name: "HealthCheckStatus", dimensions, value };
    await reportMetrics("AWS/Route53", [metric], "us-east-1");
  }

  private async succeeds(check: HealthCheck): Promise<boolean> {
    const { type, address, port, domain, path, sni } = check;
    if (!address) return false;
    const words = [type, address, String(port), domain || address, path, String(sni)];
    const program = ["python3", "/lab/net/health_check.py", ...words];
    return (await exec(internetName(this.lab), program)) === "healthy";
  }

  private forget(checks: readonly HealthCheck[]): void {
    const ids = checks.map(({ id }) => id);
    for (const id of this.known.keys()) if (!ids.includes(id)) this.known.delete(id);
  }
}
