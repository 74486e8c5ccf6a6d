/** Settings that describe the app, where its files do not tell enough. */
import { z } from "zod";
import { appSchedule } from "./app-schedule.ts";
import { appVariables } from "./app-variables.ts";
import { choice, text, wholeNumber } from "./fields.ts";

/** Who makes the tables: scripts/describe-app.sh finds it out, or it is one of these. */
const migrations = ["detected", "flask-migrate", "alembic", "generated", "none"] as const;

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
  appMigrations: choice(migrations, "use detected"),
  appEnvironment: appVariables,
  appSchedule,
  appRedis: z.boolean(),
};
