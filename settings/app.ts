/** Settings that describe the app, where its files do not tell enough. */
import { z } from "zod";
import { appSchedule } from "./app-schedule.ts";
import { appVariables } from "./app-variables.ts";
import { choice, text, wholeNumber } from "./fields.ts";

/** Who makes the tables: scripts/describe-app.sh finds it out, or it is one of these. */
const migrations = ["detected", "flask-migrate", "alembic", "generated", "none"] as const;

/** Debian policy, "Package: the name". */
const debianPackage = text(
  /^[a-z0-9][a-z0-9+.-]+$/,
  "must be the name of a Debian package, in lower case",
  "name one that apt-get knows, for example libmagic1",
);
/** Directories that would hide the app or the system if another one were mounted there: these, and what is below some. */
const covered = [
  "(app|home|media|mnt|opt|root|srv|tmp)$",
  "home/[^/]+$",
  "(bin|boot|dev|etc|lib(32|64|x32)?|proc|run|sbin|sys)(/|$)",
  "opt/(venv|uv|flask-on-aws)(/|$)",
  // Images keep apps in /usr/src and /var/www, and services keep their data in /var/lib.
  "usr/(?!src/[^/]+/)",
  "var/(?!(lib|www)/)",
  "(usr|var)$",
];

export const app = {
  appModule: text(
    /^$|^[a-z_]\w*(\.[a-z_]\w*)*:[a-z_]\w*(\((("[\w./-]*")(, ?"[\w./-]*")*)?\))?$/i,
    "must be MODULE:NAME as gunicorn takes it, where NAME() calls a factory",
    'use wsgi:app or app:create_app(), or "" to have it found',
  ),
  appHealthPath: text(
    /^$|^\/[\w./~%?&=:@+,-]*$/,
    "must be the path of a page, beginning with /",
    'use /, or "" for the default',
  ),
  appHealthStatus: wholeNumber(200, 499, "as HTTP has them", "use 200"),
  appDatabase: z.boolean(),
  appDatabaseCheck: z.boolean(),
  appMigrations: choice(migrations, "use detected"),
  appFiles: text(
    new RegExp(`^$|^(?!/(${covered.join("|")}))(?!.{101})(/(?!\\.\\.?(/|$))[\\w.-]+)+$`),
    "must be a directory of the container like /app/uploads, and not the app's own or the system's",
    'use /app/uploads, or a new directory like /data, or "" for none',
  ),
  appEnvironment: appVariables,
  appPackages: z.array(debianPackage),
  appDockerfile: text(
    /^$|^(?!.*(^|\/)\.\.?(\/|$))[\w.-]+(\/[\w.-]+)*$/,
    "must be the path of a file in the repository",
    'use Dockerfile, or "" for the project\'s own',
  ),
  appPort: wholeNumber(1, 65535, "as TCP has them", "use 5005"),
  appSchedule,
  appRedis: z.boolean(),
};
