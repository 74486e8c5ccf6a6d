/** The settings by which the apps of this repository are released. Suites release them by these, and ./ops init finds them. */
export const settingsOf = {
  "examples/app": {},
  "test/apps/factory": { appHealthPath: "/items" },
  "test/apps/locked": {},
  "test/apps/no-database": { appHealthPath: "/health", appDatabase: "false" },
  "test/apps/own-image": {
    appDockerfile: "Dockerfile",
    appPort: "8000",
    appHealthPath: "/visits",
  },
  "test/apps/uploads": { appFiles: "/app/uploads" },
  "test/apps/worker": { appRedis: "true" },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The plain variables that these apps need. */
export const variablesOf: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "test/apps/worker": { WORKER_NAME: "Ada" },
};
