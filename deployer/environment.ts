/** What the app needs to know of its database. */
export interface AppEnvironmentArgs {
  readonly host: string;
  readonly port: number;
  readonly schema: string;
  readonly user: string;
  /** Any printable characters. */
  readonly password: string;
  /** Path, in the app's container, of the certificates that the server's is checked against. */
  readonly certificates: string;
  /** Signs the sessions; a new one logs everybody out. */
  readonly secretKey: string;
}

/**
 * The app's settings as a .env file, under the names that flask-datta-able's apps/config.py reads.
 *
 * The app pastes them into a URI, so user and password are percent-encoded, and the certificates
 * can only ride in the schema's name. What comes out needs no quoting in a .env file.
 */
export function appEnvironment(args: AppEnvironmentArgs): string {
  const variables = {
    DEBUG: "False",
    SECRET_KEY: args.secretKey,
    ASSETS_ROOT: "/static/assets",
    DB_ENGINE: "mysql+pymysql",
    DB_HOST: args.host,
    DB_PORT: args.port,
    DB_NAME: `${args.schema}?ssl_ca=${args.certificates}`,
    DB_USERNAME: percentEncode(args.user),
    DB_PASS: percentEncode(args.password),
  };
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

/** encodeURIComponent, and the five characters that it leaves though shells and .env files do not. */
function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
