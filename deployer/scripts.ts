import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import type { App } from "./app.ts";
import type { MachineFile } from "./shell.ts";

/** The programs of scripts/, which run on the machine. */
export function readScripts(): MachineFile[] {
  const directory = new URL("../scripts/", import.meta.url);
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isFile()) // not the cache directory that Python makes
    .map(({ name }) => name)
    .sort()
    .map((name) => ({ name, text: readFileSync(new URL(name, directory), "utf8") }));
}

/** Name of the app's image. It tells what the image is made of, so an unchanged one is not built again. */
export function appImage({
  commit,
  baseImage,
  packages,
  dockerfile,
}: Pick<App, "commit" | "baseImage" | "packages" | "dockerfile">): string {
  const own = readScripts().filter(({ name }) => name === "Dockerfile.release");
  const ingredients: unknown[] = dockerfile ? [commit, { dockerfile }] : [commit, baseImage, own];
  // Without packages the name is that of earlier versions.
  if (packages.length > 0) ingredients.push({ packages });
  const made = digest(JSON.stringify(ingredients));
  return `flask-on-aws-app:${commit.slice(0, 12)}-${made.slice(0, 12)}`;
}

/** SHA-256 in hexadecimal. */
export function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
