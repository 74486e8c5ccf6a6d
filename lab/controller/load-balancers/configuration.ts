/** HAProxy's configuration of one load balancer, as text: what an Application Load Balancer of AWS does by the same settings. */
import type { Listener, LoadBalancer, TargetGroup } from "../control-api.ts";

/** In the load balancer's container, where the controller writes its files. */
const directory = "/run/lb";

/**
 * All but the targets, which come and go without a reload. `certificates` are texts in PEM by port; without its certificate
 * an HTTPS listener does not listen yet.
 */
export function configuration(
  { idleTimeout, listeners, targetGroups }: LoadBalancer,
  certificates: Map<number, string>,
): string {
  return `global
  log stdout format raw daemon notice
  maxconn 4000
  # Then a target that is added gets no request before the command that takes it out again.
  nbthread 1
  stats socket ${directory}/admin.sock mode 666 level admin expose-fd listeners
  hard-stop-after 10m

defaults
  mode http
  log global
  option forwardfor
  # At a reload, an idle connection ends with the answer to its next request, which is not lost.
  option idle-close-on-response
  # Elastic Load Balancing keeps connections to targets for as long as its idle timeout, for all clients. A target that ends
  # them earlier causes answers 502.
  http-reuse always
  retries 0
  timeout connect 10s
  timeout client ${idleTimeout}s
  timeout server ${idleTimeout}s
  timeout tunnel ${idleTimeout}s
  timeout http-request ${idleTimeout}s
  timeout http-keep-alive ${idleTimeout}s
${listeners
  .filter(({ port, protocol }) => protocol !== "HTTPS" || certificates.has(port))
  .map(frontend)
  .join("")}${targetGroups.map((group) => backend(group, idleTimeout)).join("")}`;
}

/** Where the container finds the certificate of a listener. */
export function certificateFile(port: number): string {
  return `${port}.pem`;
}

function frontend({ port, protocol, redirect, targetGroup }: Listener): string {
  const tls = ` ssl crt ${directory}/${certificateFile(port)} alpn h2,http/1.1 ssl-min-ver TLSv1.2`;
  return `
frontend port-${port}
  bind :${port}${protocol === "HTTPS" ? tls : ""}
  http-request set-header X-Forwarded-Proto ${protocol.toLowerCase()}
  http-request set-header X-Forwarded-Port ${port}
${action(redirect, targetGroup)}`;
}

function action(redirect: Listener["redirect"], targetGroup: string | null): string {
  if (redirect) {
    // AWS's answers name the port, too.
    const url = `${redirect.protocol.toLowerCase()}://%[req.hdr(host),host_only]:${redirect.port}%[pathq]`;
    return `  http-request redirect code ${redirect.status} location ${url}\n`;
  }
  if (targetGroup) return `  default_backend ${backendName(targetGroup)}\n`;
  return "  http-request return status 503\n";
}

/** Name of a target group in the configuration, by its ARN. */
export function backendName(targetGroup: string): string {
  return `tg-${targetGroup.split("/").at(-2)}`;
}

function backend({ id, healthCheck }: TargetGroup, idleTimeout: number): string {
  const { path, matcher, timeout } = healthCheck;
  return `
backend ${backendName(id)}
  balance roundrobin
  option httpchk
  # AWS's checks, too, name the target's address as Host, which some apps refuse.
  http-check send meth GET uri ${quoted(path)} ver HTTP/1.1 hdr Host %[srv_name] hdr User-Agent ELB-HealthChecker/2.0
  http-check expect status ${matcher}
  timeout check ${timeout}s
  default-server ${serverOptions(healthCheck, idleTimeout)}
`;
}

/**
 * Options of a target, in the file and in a command that adds one, which knows no default-server. HAProxy makes the first check
 * after a whole interval, Elastic Load Balancing soon after the registration: downinter is the time between checks of a target
 * none of whose last checks has passed.
 */
export function serverOptions(
  { interval, healthy, unhealthy }: TargetGroup["healthCheck"],
  idleTimeout: number,
): string {
  const check = `check inter ${interval}s downinter ${Math.min(interval, 2)}s`;
  return `${check} rise ${healthy} fall ${unhealthy} pool-purge-delay ${idleTimeout}s`;
}

/** The configuration with targets in it, for a start: they get requests at once. */
export function withTargets(text: string, healthy: Map<string, string[]>): string {
  return text.replaceAll(/^backend tg-(.*)\n(?: {2}.*\n)*/gm, (section, name: string) => {
    const targets = healthy.get(`tg-${name}`) ?? [];
    return section + targets.map((target) => `  server ${target} ${target}\n`).join("");
  });
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
