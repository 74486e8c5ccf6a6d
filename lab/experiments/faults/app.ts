/** Faults of the app and of the repository that it comes from. */
import { appendFile, readdir, rename, rm, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { succeed } from "../../support/lab.ts";
import { edit, mark, type AppChange, type LabStack } from "../../support/stack.ts";
import { broken, failed, part, refused, restore, type Fault } from "./fault.ts";

/** A fault by a commit of the app: `up` fails with what is expected. */
function commit(name: string, change: AppChange, ...patterns: RegExp[]): Fault {
  return {
    name,
    async inject(stack) {
      const appCommit = await stack.commit(name, async (directory) => {
        await mark(directory, broken);
        await change(directory);
      });
      await refused(stack, { appCommit }, ...patterns);
    },
  };
}

/** Brings the machine's own migrations into the app, and a revision that first makes a table and then fails. */
async function shipMigrations(stack: LabStack, directory: string): Promise<void> {
  const folder = join(directory, "migrations");
  await mkdir(folder);
  const archive = await stack.onMachine("tar -C /opt/flask-on-aws/migrations -cz . | base64");
  await succeed("bash", ["-c", 'base64 --decode | tar -C "$0" -xz', folder], { input: archive });
  const [live] = await stack.query("SELECT version_num FROM alembic_version");
  const revision = `
    from alembic import op
    import sqlalchemy as sa

    revision = "half0000000"
    down_revision = "${live}"

    def upgrade():
        op.create_table("half", sa.Column("id", sa.Integer(), primary_key=True))
        op.add_column("no_such_table", sa.Column("more", sa.Integer()))

    def downgrade():
        pass
  `;
  const text = revision.replaceAll("\n    ", "\n").trim();
  await writeFile(join(folder, "versions/half0000000_.py"), `${text}\n`);
}

export const appFaults: Fault[] = [
  {
    name: "repository-gone",
    async inject(stack) {
      const { commit: appCommit } = await stack.newVersion();
      await rename(stack.repository, `${stack.repository}.gone`);
      try {
        await refused(
          stack,
          { appCommit },
          /error: the repository \S+ cannot be read from/,
          /remedy: check the setting appRepository/,
        );
      } finally {
        await rename(`${stack.repository}.gone`, stack.repository);
      }
    },
  },
  {
    name: "commit-unknown",
    async inject(stack) {
      await refused(
        stack,
        { appCommit: "d".repeat(40) },
        /error: \S+ has no commit d{40}/,
        /remedy: set appCommit to the full hash of a commit/,
      );
    },
  },
  commit(
    "only-a-readme",
    async (directory) => {
      for (const name of await readdir(directory)) {
        if (![".git", "README.md"].includes(name))
          await rm(join(directory, name), { recursive: true });
      }
    },
    /error: commit \S+ of \S+ has no requirements.txt; at its top are: README.md/,
    /remedy: set appRepository and appCommit to a commit that holds the app/,
  ),
  commit(
    "build-fails",
    (directory) =>
      edit(join(directory, "requirements.txt"), (text) =>
        text.replace("flask-login==0.6.2", "flask-login==99.0"),
      ),
    /there is no version of flask-login==99\.0/,
    /error: the image of commit \S+ was not built/,
    /remedy: correct the app's requirements.txt/,
  ),
  commit(
    "crashes-at-start",
    (directory) =>
      appendFile(
        join(directory, "run.py"),
        '\nimport sys\nif "gunicorn" in sys.argv[0]:\n    raise RuntimeError("the app has had enough")\n',
      ),
    /the app has had enough/,
    /error: the app ends as soon as it is started[^]*The version before goes on serving/,
    /remedy: correct the app, or set appCommit back/,
  ),
  commit(
    "answers-500",
    (directory) =>
      edit(join(directory, "apps/routes.py"), (text) =>
        text.replace(
          /( +)form, message = LoginForm.*\n/,
          '$1raise RuntimeError("no login today")\n$&',
        ),
      ),
    /no login today/,
    /error: the app answers GET \/login with status 500, not 200/,
    /remedy: correct the app, or set appCommit back/,
  ),
  {
    name: "proxy-image-wrong",
    allowsDowntime: true,
    async inject(stack) {
      for (const proxyImage of ["caddy:no-such-tag", "python:3.11-slim-bookworm"]) {
        await refused(stack, { proxyImage }, /remedy: correct the setting proxyImage \(\S+\)/);
        const page = await fetch(stack.page, { signal: AbortSignal.timeout(5000) });
        if (!page.ok) throw new Error(`the page answers ${page.status} after ${proxyImage}`);
      }
      return () => stack.release({ proxyImage: "caddy:2.11" });
    },
  },
  commit(
    "migration-drops-column",
    (directory) =>
      edit(join(directory, "apps/models.py"), (text) =>
        text.replace(/ +email = db.Column.*\n/, ""),
      ),
    /error: the database has what the models of commit \S+ lack[^]*drop_column\('email'\)/,
    /remedy: put it back into the models[^]*allowDestructiveMigrations/,
  ),
  {
    name: "migration-half-way",
    async inject(stack) {
      const appCommit = await stack.commit("Half a migration", async (directory) => {
        await mark(directory, broken);
        await shipMigrations(stack, directory);
      });
      const result = await stack.up({ appCommit });
      const said =
        /error: the migration from revision \S+ to half0000000 failed[^]*tables added \(>\) or removed \(<\): > half\b/;
      const message = failed("up", result, said);
      await restore(stack, part(message, /or restore the backup, losing rows written since: (.*)/));
      const tables = await stack.query("SHOW TABLES");
      if (tables.includes("half")) throw new Error(`restored, and there are ${tables.join(" ")}`);
    },
  },
];
