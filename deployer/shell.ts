/** A word that a shell takes literally, whatever is in it. */
export function quote(word: string | number): string {
  return `'${String(word).replaceAll("'", `'\\''`)}'`;
}

/** Assignments that a shell reads with `.`, one a line. */
export function shellVariables(variables: Record<string, string | number | boolean>): string {
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${quote(String(value))}\n`)
    .join("");
}

/** A file to be put on a machine. */
export interface MachineFile {
  readonly name: string;
  /** Ends with a newline. */
  readonly text: string;
}

/**
 * A bash program that puts files into `directory` on a machine, each replaced in one step, and
 * gives the directory's parent to the user who runs it.
 */
export function installation(directory: string, files: readonly MachineFile[]): string {
  const end = "END-OF-FILE";
  return [
    "set -euo pipefail",
    `sudo install --directory --owner="$(id -u)" --group="$(id -g)" "$(dirname ${quote(directory)})" ${quote(directory)}`,
    `cd ${quote(directory)}`,
    ...files.map(({ name, text }) => {
      const file = quote(name);
      const mode = name.endsWith(".sh") ? "755" : "644";
      return `cat >${file}.new <<'${end}'\n${text}${end}\nchmod ${mode} ${file}.new\nmv ${file}.new ${file}`;
    }),
    "",
  ].join("\n");
}
