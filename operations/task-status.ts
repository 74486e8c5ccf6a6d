/** How the tasks on ECS are, in ./ops status. */

/** What scripts/task_status.py prints. */
export interface TaskStatus {
  readonly wanted: number;
  /** The least and the greatest number that Application Auto Scaling may want; only where it does. */
  readonly least?: number | undefined;
  readonly most?: number | undefined;
  readonly running: number;
  /** Those that the load balancer gives requests. */
  readonly healthy: number;
  /** By version and zone. */
  readonly groups: readonly {
    readonly commit: string | null;
    readonly zone: string | null;
    readonly running: number;
    readonly healthy: number;
  }[];
  /** Why any task is not healthy. */
  readonly problems: readonly string[];
  /** Those that run the process of the Procfile; only where tasks do. */
  readonly workers?: Omit<TaskStatus, "workers"> | undefined;
}

/** @param onAppServer the commit that the app server serves */
export function taskLines(
  { wanted, least, most, running, healthy, groups, problems }: TaskStatus,
  onAppServer: string | null,
): string[] {
  const limits = least === undefined ? "" : ` (least ${least}, most ${most})`;
  const all = `${wanted} wanted${limits}, ${running} running, ${healthy} healthy`;
  return [
    healthy < wanted ? `NOT ALL ARE HEALTHY: ${all}` : all,
    ...groups.map(({ commit, zone, ...of }) => {
      const other = commit === onAppServer ? "" : ", NOT WHAT THE APP SERVER SERVES";
      const where = zone ?? "no zone yet";
      return `${where}: ${of.healthy} of ${of.running} healthy, commit ${commit?.slice(0, 12) ?? "unknown"}${other}`;
    }),
    ...problems,
  ];
}
