import type { Zone } from "../../network/dns.ts";

/** Tasks of the service. Where the two differ, Application Auto Scaling changes their number between them. */
export interface TaskCount {
  readonly least: number;
  readonly most: number;
}

/** Whether the number of tasks changes by itself. */
export const isScaled = ({ least, most }: TaskCount): boolean => most > least;

/** The settings' tasks: with `appTasksMax` 0 their number is fixed. */
export const taskCount = (appTasks: number, appTasksMax: number): TaskCount => ({
  least: appTasks,
  most: Math.max(appTasks, appTasksMax),
});

/** What tasks do in this update. */
export interface TaskPlan {
  /** Whether the load balancer and the tasks exist after it. */
  readonly exist: boolean;
  /** Whether the domain leads to the load balancer after it. */
  readonly serve: boolean;
  /** Undefined leaves the number of tasks as it is. */
  readonly count: TaskCount | undefined;
  /** The host of the app server's own page, for which it has a certificate. */
  readonly serverPage: "domain" | "address";
  /** Whether the load balancer cannot be removed by the next update, so that AWS may refuse its deletion. */
  readonly keep: boolean;
}

/**
 * Switching tasks on or off moves the domain's record, and clients go by the old one for its lifetime. So what the record
 * leads to now keeps its certificate, and stays, until the next update.
 */
export function planTasks(
  { appTasks, appTasksMax }: { readonly appTasks: number; readonly appTasksMax: number },
  zone: Zone | undefined,
): TaskPlan {
  const leadsTo = zone && "leadsTo" in zone ? zone.leadsTo : undefined;
  const serve = appTasks > 0;
  return {
    exist: serve || leadsTo === "load balancer",
    serve,
    count: serve ? taskCount(appTasks, appTasksMax) : undefined,
    keep: serve && zone !== undefined && "id" in zone,
    serverPage: serve && leadsTo !== "app server" ? "address" : "domain",
  };
}

/** What the user has to know of an update that moves the record. */
export function taskNotes(
  { exist, serve, serverPage }: TaskPlan,
  domain: string,
  up: string,
): string[] {
  if (exist && !serve)
    return [
      `appTasks is 0: ${domain} leads to the app server again. The load balancer and the tasks stay for clients that\n` +
        `still know the old record. Remove them after a minute: ${up}`,
    ];
  if (serve && serverPage === "domain")
    return [
      `${domain} leads to the load balancer from this update on. The app server keeps the certificate of the domain for\n` +
        `clients that still know the old record. Give it that of its address after a minute: ${up}`,
    ];
  return [];
}
