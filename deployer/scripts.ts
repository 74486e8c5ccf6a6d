import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import type { MachineFile } from "./shell.ts";

/** The programs of scripts/, which run on the machine. */
export function readScripts(): MachineFile[] {
  const directory = new URL("../scripts/", import.meta.url);
  return readdirSync(directory)
    .sort()
    .map((name) => ({ name, text: readFileSync(new URL(name, directory), "utf8") }));
}

/**
 * Name of the app's image. It tells what the image is made of, so an unchanged one is not built again.
 *
 * @param commit full hash
 */
export function appImage(commit: string, baseImage: string): string {
  const ingredients = readScripts().filter(({ name }) => name === "Dockerfile.release");
  const made = digest(JSON.stringify([commit, baseImage, ingredients]));
  return `flask-on-aws-app:${commit.slice(0, 12)}-${made.slice(0, 12)}`;
}

/** SHA-256 in hexadecimal. */
export function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
