/** Plain property values, and what it means for two of them to be the same. */

export type Properties = Record<string, unknown>;

export const isObject = (value: unknown): value is Properties =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The members of a list; in a preview one that is not known yet is its own single member. */
export const members = <T>(value: unknown): T[] =>
  Array.isArray(value) ? (value as T[]) : value === undefined || value === null ? [] : [value as T];

/** AWS and Terraform do not tell an absent value from an empty one. */
export const isEmpty = (value: unknown): boolean =>
  [undefined, null, "", false, 0].includes(value as null) ||
  (Array.isArray(value) && value.length === 0) ||
  (isObject(value) && Object.values(value).every(isEmpty));

/** Deep equality in which absent and empty are one. */
export function same(a: unknown, b: unknown): boolean {
  if (isEmpty(a) && isEmpty(b)) return true;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((value, index) => same(value, b[index]));
  if (isObject(a) && isObject(b))
    return Object.keys({ ...a, ...b }).every((key) => same(a[key], b[key]));
  return a === b;
}

/** Every field that is wanted is so; fields that are not mentioned are AWS's choice. */
export const sameFields = (have: unknown, want: unknown): boolean =>
  isObject(have) && isObject(want)
    ? Object.entries(want).every(([key, value]) => sameFields(have[key], value))
    : same(have, want);

/** The same members, in any order. */
export const sameSet = (have: unknown, want: unknown): boolean =>
  same(Array.isArray(have) ? have.toSorted() : have, Array.isArray(want) ? want.toSorted() : want);

/** The same text in small or capital letters. */
export const sameIgnoringCase = (have: unknown, want: unknown): boolean =>
  String(have).toLowerCase() === String(want).toLowerCase();

/** The same JSON document, however it is written. */
export function sameJson(have: unknown, want: unknown): boolean {
  try {
    return same(JSON.parse(have as string), JSON.parse(want as string));
  } catch {
    return have === want; // not JSON, or not known yet
  }
}
