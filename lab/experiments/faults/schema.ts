/** Faults of the schema, of its backups and of the images on the machine: what hands can change there. */
import type { LabStack } from "../../support/stack.ts";
import { asMaster } from "./database.ts";
import { failed, follow, part, refused, restore, serves, type Fault } from "./fault.ts";

/** Key of a backup that is made now. */
const backup = async (stack: LabStack) =>
  (await stack.lab.ops("backup")).trim().split("\n").at(-1)!;

export const schemaFaults: Fault[] = [
  {
    name: "privilege-revoked",
    async inject(stack) {
      const version = await stack.newVersion();
      const { databaseName, databaseUser } = stack.outputs;
      const pattern = databaseName!.replaceAll("_", "\\_");
      await asMaster(stack, `REVOKE INDEX ON \`${pattern}\`.* FROM '${databaseUser}'@'%'`);
      await refused(
        stack,
        { appCommit: version.commit },
        /error: the app's user lacks the privilege INDEX on the schema/,
        /remedy: raise databasePasswordRotation by one/,
      );
      const settings = await stack.nextRotation();
      return () => stack.deliver(version, settings);
    },
  },
  {
    name: "schema-of-another-character-set",
    async inject(stack) {
      const version = await stack.newVersion();
      await asMaster(stack, `ALTER DATABASE ${stack.outputs.databaseName} CHARACTER SET latin1`);
      const said = await refused(
        stack,
        { appCommit: version.commit },
        /error: the schema \S+ has the character set latin1: /,
      );
      await follow(stack, part(said, /remedy: run: (.*)/));
      return () => stack.deliver(version);
    },
  },
  {
    name: "schema-dropped",
    async inject(stack) {
      const version = await stack.newVersion();
      await backup(stack);
      await asMaster(stack, `DROP DATABASE ${stack.outputs.databaseName}`);
      const said = await refused(
        stack,
        { appCommit: version.commit },
        /error: \S+ has no schema \S+: somebody dropped it/,
      );
      await follow(stack, part(said, /remedy: create it: (.*);$/m));
      await restore(stack, part(said, /then restore a backup: (.*)/));
      return () => stack.deliver(version);
    },
  },
  {
    name: "backup-of-unknown-revision",
    async inject(stack) {
      await backup(stack);
      const [live] = await stack.query("SELECT version_num FROM alembic_version");
      const stamp = (revision: string) =>
        stack.query(`UPDATE alembic_version SET version_num = '${revision}'`);
      await stamp("byhand000000");
      const key = await backup(stack);
      await stamp(live!);
      const said = failed(
        "restore",
        await stack.lab.tryOps("restore", key, "--yes"),
        new RegExp(`error: ${key} is at revision byhand000000 of the schema,`),
        /which no release of this environment has served; the live schema is at \S+ and unchanged/,
      );
      const choose = part(said, /or choose another one: (.*)/);
      const other = part(said, /remedy: restore a backup at revision \S+: (.*);$/m);
      const { stdout } = await follow(stack, choose);
      if (!stdout.includes(other.split(" ").at(-1)!)) throw new Error(`no ${other} in:\n${stdout}`);
      await restore(stack, other);
      return () => serves(stack);
    },
  },
  {
    name: "image-removed",
    async inject(stack) {
      const removeImage = async (commit: string) => {
        const image = `$(docker images --quiet --filter label=org.opencontainers.image.revision=${commit})`;
        await stack.onMachine(`docker rmi --force ${image}`);
      };
      // Its text is not known here.
      const first = { commit: await stack.serving(), text: "" };
      await stack.release();
      const rollback = async (...args: string[]) => {
        const result = await stack.lab.tryOps("rollback", ...args);
        const error = /error: the image of release \d+ is not on the machine: \S+/;
        return part(failed("rollback", result, error), /remedy: build it again: (.*)/);
      };
      await removeImage(first.commit);
      await stack.delivered(first, await follow(stack, await rollback()));
      await stack.lab.ops("rollback");
      await removeImage(first.commit);
      const result = await follow(stack, await rollback("--undo"));
      return () => stack.delivered(first, result);
    },
  },
];
