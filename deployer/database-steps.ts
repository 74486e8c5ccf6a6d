/** The steps of a release that give the app its user of the database. */
import * as pulumi from "@pulumi/pulumi";
import type { ReleaseArgs } from "./release.ts";
import type { Steps } from "./steps.ts";

/** The app's user and the other one: while one is in use the other is made, so a rotation fails no request. */
export function databaseUsers(rotation: number): readonly [string, string] {
  return rotation % 2 === 0 ? ["app_a", "app_b"] : ["app_b", "app_a"];
}

/** The database server as scripts take it: address, port, master user. */
function serverOf({ address, port, masterUser }: ReleaseArgs["database"]) {
  return [address, port, masterUser];
}

export function prepareDatabase(
  steps: Steps,
  { region, database }: Pick<ReleaseArgs, "region" | "database">,
  user: string,
  password: pulumi.Output<string>,
  boot: pulumi.Resource,
): pulumi.Resource {
  return steps.script("prepare-database", {
    args: [region, ...serverOf(database), database.schema, user],
    stdin: pulumi.interpolate`${database.masterPassword}\n${password}\n`,
    after: [boot],
  });
}

/** @param served the step after which nothing uses the other user any more */
export function lockOldUser(
  steps: Steps,
  database: ReleaseArgs["database"],
  user: string,
  served: pulumi.Resource,
): void {
  steps.script("lock-old-user", {
    formerly: ["drop-old-user", "retire-user"],
    args: [...serverOf(database), user],
    stdin: pulumi.interpolate`${database.masterPassword}\n`,
    after: [served],
  });
}
