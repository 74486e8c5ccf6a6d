/** What an app needs to know of its database. */
export interface AppDatabase {
  readonly host: string;
  readonly port: number;
  readonly schema: string;
  readonly user: string;
  /** Any printable characters. */
  readonly password: string;
  /** Path, in the app's container, of the certificates that the server's is checked against. */
  readonly certificates: string;
}

export interface AppEnvironmentArgs {
  /** Undefined for an app without one. */
  readonly database: AppDatabase | undefined;
  /** Whether Redis runs beside the app. */
  readonly redis?: boolean;
  /** Signs the sessions; a new one logs everybody out. */
  readonly secretKey: string;
  /** The app's own variables, which win over those that are set here. Any text without NUL. */
  readonly variables: Readonly<Record<string, string>>;
  /** The same; no log shows their values. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** Of the service of scripts/compose.yml. */
export const redisUrl = "redis://redis:6379/0";

/**
 * The app's variables as a .env file, one a line. docker-compose and scripts/app_settings.py read it. A comment names the
 * app's own secrets.
 */
export function appEnvironment(args: AppEnvironmentArgs): string {
  const { database, redis, secretKey, secrets } = args;
  const variables = {
    DEBUG: "False",
    SECRET_KEY: secretKey,
    ASSETS_ROOT: "/static/assets",
    ...args.variables,
    ...secrets,
    ...(database && databaseVariables(database)),
    ...(redis && { REDIS_URL: redisUrl }),
  };
  const names = Object.keys(secrets);
  const comment = names.length > 0 ? `# secrets: ${names.join(" ")}\n` : "";
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${encoded(value)}\n`);
  return comment + lines.join("");
}

/**
 * A value as docker-compose reads it: as it is, or in double quotes, where it replaces escapes and then variables
 * (compose-go 2.0, dotenv/parser.go). `\r\n` in a file would become `\n`.
 */
function encoded(value: string): string {
  if (/^[\w.~%:/?=@+,-]*$/.test(value)) return value;
  const escaped = value
    .replaceAll(/[\\"$]/g, "\\$&")
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r");
  return `"${escaped}"`;
}

/**
 * The database under all names that Flask apps usually read: two of a URL, and those of flask-datta-able's apps/config.py.
 *
 * That one pastes its variables into a URL, so user and password are percent-encoded, and the certificates can only ride in
 * the schema's name.
 */
function databaseVariables(args: AppDatabase) {
  const engine = "mysql+pymysql";
  const user = percentEncode(args.user);
  const password = percentEncode(args.password);
  const schema = `${args.schema}?ssl_ca=${args.certificates}`;
  const url = `${engine}://${user}:${password}@${args.host}:${args.port}/${schema}`;
  return {
    DB_ENGINE: engine,
    DB_HOST: args.host,
    DB_PORT: String(args.port),
    DB_NAME: schema,
    DB_USERNAME: user,
    DB_PASS: password,
    DATABASE_URL: url,
    SQLALCHEMY_DATABASE_URI: url,
  };
}

/** encodeURIComponent, and the five characters that it leaves though shells and .env files do not. */
function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
