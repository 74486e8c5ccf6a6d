/** The steps of a release, by the ends of their resources' names, in order. */
export const releaseSteps: readonly string[] = [
  "install",
  "wait-for-cloud-init",
  "fetch",
  "build",
  "prepare-database",
  "write-app.env",
  "write-stack.env",
  "deploy",
  "schedule",
  "drop-old-user",
];
