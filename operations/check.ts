/** What a check of `./ops verify` has found. */
export interface Check {
  readonly name: string;
  readonly result: "ok" | "FAILED" | "skipped";
  readonly found: string;
  /** Empty unless it failed. */
  readonly remedy: string;
}

/** A check that has found what is right. */
export const checked = (name: string, found: string): Check => ({
  ...{ name, result: "ok", found },
  remedy: "",
});
