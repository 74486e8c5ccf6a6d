/** Another app on the stack that suites share: the first app's user and rows are kept in a backup, for the end of the suite. */
import { expect } from "chai";
import { cp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { logIn, register } from "../../lab/support/app-users.ts";
import { Browser } from "../../lab/support/browser.ts";
import { tail, type AppChange, type SettingValues } from "../../lab/support/stack.ts";
import type { SharedStack } from "./shared-stack.ts";

const repository = join(import.meta.dirname, "../..");

/** What a suite does with its app, on a stack that is up when it calls these. */
export function anotherApp(shared: SharedStack) {
  const { lab } = shared;
  const up = (appCommit: string, settings: SettingValues) =>
    shared.stack.up({ appCommit, ...settings });
  const browser = () => new Browser(shared.outputs.appUrl!);
  /** Resolves to the backup's key. */
  const backUp = async () => (await lab.ops("backup")).trim().split("\n").at(-1)!;
  /** A user of the first app, and a backup that has it. */
  let username: string;
  let first: string;
  return {
    /** For the beginning of the suite: registers a user with the first app, and backs up all rows. */
    keepFirstApp: async () => {
      username = await register(shared.stack);
      first = await backUp();
    },
    /** For its end: the first app serves its rows again, and its user can log in. */
    returnToFirstApp: async () => {
      await lab.ops("restore", first, "--yes");
      await shared.stack.release();
      await logIn(shared.stack, username);
    },
    /** Commits an app of this repository, for example `examples/app`, in the place of the last one; returns the hash. */
    commit: (app: string, change: AppChange = () => Promise.resolve()) =>
      shared.stack.commit(app, async (directory) => {
        for (const name of await readdir(directory))
          if (name !== ".git") await rm(join(directory, name), { recursive: true });
        await cp(join(repository, app), directory, { recursive: true });
        await change(directory);
      }),
    /** Releases a commit, which must serve then; resolves to what `up` printed. */
    serves: async (appCommit: string, settings: SettingValues = {}): Promise<string> => {
      const result = await up(appCommit, settings);
      expect(result.status, tail(result)).to.equal(0);
      expect(await shared.stack.serving()).to.equal(appCommit);
      return result.stdout;
    },
    /** Releases a commit, which must fail with this message; resolves to all that `up` printed. */
    refuses: async (
      pattern: RegExp,
      appCommit: string,
      settings: SettingValues = {},
    ): Promise<string> => {
      const { status, stdout, stderr } = await up(appCommit, settings);
      expect(status).to.not.equal(0);
      expect(stdout + stderr).to.match(pattern);
      return stdout + stderr;
    },
    /** One that knows no cookies yet. */
    browser,
    page: async (path = "/") => (await browser().request(path)).text(),
    /** Statuses of a page while something is done, each once. `between` is done after each request. */
    statusesDuring: async (
      path: string,
      work: Promise<unknown>,
      between: () => Promise<unknown> = () => Promise.resolve(),
    ): Promise<number[]> => {
      const statuses = new Set<number>();
      let over = false;
      const visitor = (async () => {
        while (!over) {
          statuses.add((await browser().request(path)).status);
          await between();
        }
      })();
      await work.finally(() => (over = true));
      await visitor;
      return [...statuses];
    },
    backUp,
    /** Deletes all tables of a schema, by default the app's. */
    empty: (schema = shared.outputs.databaseName!) =>
      shared.stack.query(
        `DROP DATABASE ${schema}; CREATE DATABASE ${schema} CHARACTER SET utf8mb4`,
      ),
  };
}
