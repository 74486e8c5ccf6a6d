/** Which settings fit an app, by what the programs of the deployer find in its repository. */
import { appEnvironment, redisUrl } from "../deployer/environment.ts";
import { pulumi, typed } from "./names.ts";

/** Findings of a program by their kind. */
export type Find = (kind: string) => string[];

export interface Findings {
  /** As it was given. */
  readonly repository: string;
  /** Where the app server can fetch it, if it can. */
  readonly address: string | undefined;
  /** Full hash. */
  readonly commit: string;
  /** Of scripts/app_image.py. */
  readonly image: Find;
  /** Of scripts/describe-app.py. */
  readonly app: Find;
  /** Of operations/read_source.py. */
  readonly source: Find;
  /** The app's own Dockerfile, if it is needed. */
  readonly dockerfile: string | undefined;
}

export interface Advice {
  /** What is found, and what that is. */
  readonly found: readonly (readonly [what: string, text: string])[];
  /** Commands. */
  readonly settings: readonly string[];
  /** Commands that may be wrong, and what they are concluded from. */
  readonly guesses: readonly (readonly [command: string, reason: string])[];
  readonly unknown: readonly string[];
  /** Variables that the app reads, and where. */
  readonly variables: readonly (readonly [name: string, where: string])[];
}

type Part = (findings: Findings) => Partial<Advice>;

const set = (setting: string, value: string) => typed(pulumi, "config", "set", setting, value);

const repository: Part = ({ repository, address, commit }) => ({
  settings: [
    ...(address === undefined ? [] : [set("appRepository", address)]),
    set("appCommit", commit),
  ],
  unknown:
    address === undefined
      ? [`appRepository: the app server cannot read ${repository}, and it has no remote origin`]
      : [],
});

const image: Part = ({ image, dockerfile }) => {
  const [packages] = image("packages");
  const misfit = image("misfit").length > 0;
  const [base] = image("base");
  const unused = [...image("unused"), ...(dockerfile ? [] : image("dockerfile"))];
  return {
    found: [
      ...(packages ? [["image", `made of ${packages}`] as const] : []),
      ...image("python").map((text) => ["Python", text] as const),
      ...(unused.length > 0 ? [["not used", unused.join(", ")] as const] : []),
    ],
    settings: misfit && base ? [set("baseImage", base)] : [],
    unknown: [
      ...image("refused").map((text) => `the packages: ${text}`),
      ...image("export").map((command) => `the packages: make requirements.txt by: ${command}`),
      ...(packages || image("export").length > 0
        ? []
        : ["the packages: there is no requirements.txt, no pyproject.toml and no Dockerfile"]),
      ...(misfit && !base ? ["baseImage: no usual image has a Python that fits"] : []),
    ],
  };
};

const ownImage: Part = ({ image, dockerfile }) => {
  if (dockerfile === undefined) return {};
  const [port, ...others] = image("port");
  return {
    found: image("warning").map((text) => ["warning", text]),
    settings: [
      set("appDockerfile", dockerfile),
      ...(port && port !== "5005" && others.length === 0 ? [set("appPort", port)] : []),
    ],
    unknown: port && others.length === 0 ? [] : ["appPort: the port at which the app listens"],
  };
};

const module: Part = ({ app, dockerfile }) => {
  const modules = app("module");
  if (modules.length === 1) return { found: [["app", `${modules[0]!}, by ${app("found")[0]!}`]] };
  if (dockerfile) return {};
  const looked = app("looked").map((text) => `\n      ${text}`);
  return {
    unknown: [
      modules.length > 1
        ? `appModule: one of ${modules.join(", ")}`
        : `appModule: there is no app that gunicorn can serve. What was looked at:${looked.join("")}`,
    ],
  };
};

/** Pages for checks, by the habits of many apps. */
const healthPages = /\/(health|healthz|healthcheck|status|ping|up|ready|login)\/?$/;

const page: Part = ({ app, source }) => {
  const [path = "/"] = app("health");
  const pages = source("page");
  const other = pages.find((each) => healthPages.test(each)) ?? pages[0];
  const chosen = pages.includes(path) ? path : other;
  return {
    ...(chosen === path ? { found: [["page of the health check", path]] } : {}),
    ...(chosen !== undefined && chosen !== path
      ? {
          guesses: [
            [set("appHealthPath", chosen), `the source has no page ${path} without a login`],
          ],
        }
      : {}),
    unknown:
      chosen === undefined
        ? ["appHealthPath: the source shows no page that needs no login"]
        : [`whether GET ${chosen} answers with 200 without a login; else set appHealthPath`],
  };
};

const databases =
  /^(flask-)?(sqlalchemy(-lite)?|mysqldb|mysql)$|^(pymysql|mysqlclient|mysql-connector(-python)?|peewee|pony|sqlmodel|records|dataset|piccolo)$/;

const database: Part = ({ image, app, source }) => {
  const names = image("name");
  // The packages of an own Dockerfile are in no list.
  const used = names.length > 0 ? names : source("import");
  const found = used.filter((each) => databases.test(each));
  if (found.length > 0)
    return {
      found: [
        ["database", `by ${found.join(", ")}`],
        ["migrations", app("migrations")[0]!],
      ],
      unknown: ["whether that page reads the database; else set appDatabaseCheck to false"],
    };
  if (names.length === 0) return { unknown: ["appDatabase: whether the app has a database"] };
  const reason = "no package for a database is required";
  return { guesses: [[set("appDatabase", "false"), reason]] };
};

/** Packages of queues that keep their jobs in Redis. */
const queues = /^(redis|rq|flask-rq2?|huey|dramatiq)$/;

const processes: Part = ({ image, app }) => {
  const names = app("process").map((text) => text.split(" ")[0]!);
  const rq = app("process").find((text) => /\brq worker\b(?!.* (-u|--url|-c)\b)/.test(text));
  const [release] = app("release");
  const [queue] = image("name").filter((each) => queues.test(each));
  return {
    found: [
      ...(names.length > 0
        ? [["processes beside web", `${names.join(", ")}, by Procfile`] as const]
        : []),
      ...(release ? [["after the migrations", release] as const] : []),
    ],
    guesses: [
      ...(queue ? [[set("appRedis", "true"), `the package ${queue} is required`] as const] : []),
      ...(queue && rq
        ? [
            [
              typed(pulumi, "config", "set", "--path", "appEnvironment.RQ_REDIS_URL", redisUrl),
              "rq worker, in the Procfile, looks for Redis there",
            ] as const,
          ]
        : []),
    ],
    unknown: app("refused").map((text) => `Procfile, ${text}`),
  };
};

const files: Part = ({ source }) => {
  const [place] = source("upload");
  return place
    ? { unknown: [`appFiles: where the app keeps the files that it receives, first in ${place}`] }
    : {};
};

/** The variables that the deployer sets. */
const own = appEnvironment({
  database: { host: "", port: 0, schema: "", user: "", password: "", certificates: "" },
  secretKey: "",
  variables: { FLASK_APP: "" },
  secrets: {},
}).matchAll(/^\w+(?==)/gm);
// The last one is set by Flask itself.
const ownNames = new Set([...own].map(([name]) => name)).add("FLASK_RUN_FROM_CLI");

const variables: Part = ({ source, dockerfile }) => ({
  variables: source("variable")
    .map((text) => text.split("\t") as [string, string])
    .filter(
      ([name]) => name !== "REDIS_URL" && !ownNames.has(name) && !(dockerfile && name === "PORT"),
    )
    .filter(([name], index, all) => all.findIndex(([each]) => each === name) === index),
});

const parts: readonly Part[] = [
  repository,
  image,
  ownImage,
  module,
  page,
  database,
  processes,
  files,
  variables,
];

export function adviceFor(findings: Findings): Advice {
  const advice = parts.map((part) => part(findings));
  return {
    found: advice.flatMap(({ found = [] }) => found),
    settings: advice.flatMap(({ settings = [] }) => settings),
    guesses: advice.flatMap(({ guesses = [] }) => guesses),
    unknown: advice.flatMap(({ unknown = [] }) => unknown),
    variables: advice.flatMap(({ variables = [] }) => variables),
  };
}
