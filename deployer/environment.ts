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
  /** Signs the sessions; a new one logs everybody out. */
  readonly secretKey: string;
}

/** The app's settings as a .env file. What comes out needs no quoting there. */
export function appEnvironment({ database, secretKey }: AppEnvironmentArgs): string {
  const variables = {
    DEBUG: "False",
    SECRET_KEY: secretKey,
    ASSETS_ROOT: "/static/assets",
    ...(database && databaseVariables(database)),
  };
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
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
    DB_PORT: args.port,
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
