/** The kinds of settings, and how a refused value gets its limit and its remedy. */
import { z } from "zod";

/** The rule that a refused value breaks, and the remedy. */
export interface Advice {
  readonly limit: string;
  readonly remedy: string;
}

/** The advice for refused values, by schema. An issue can have its own advice instead. */
export const advice = z.registry<Advice>();

/** The advice of one issue. `what` replaces a value that must not be printed. */
interface OwnAdvice extends Advice {
  readonly what?: string;
}

type CheckContext = z.core.ParsePayload;

/** Reports that the value breaks a rule. */
export function refuse(
  { value, issues }: CheckContext,
  limit: string,
  remedy: string,
  what?: string,
): never {
  const params: OwnAdvice = { limit, remedy, ...(what && { what }) };
  issues.push({ code: "custom", input: value, message: limit, params: { ...params } });
  return z.NEVER;
}

/** A text that matches a pattern and holds no credentials. `limit` says the pattern in words. */
export function text(pattern: RegExp, limit: string, remedy: string) {
  return z
    .string()
    .check((context) => {
      if (/^https?:\/\/[^/]*@/.test(context.value)) {
        const shown = "outputs and logs would show them";
        refuse(context, shown, "use the address without them", "holds credentials");
      }
    })
    .regex(pattern)
    .register(advice, { limit, remedy });
}

/** @param unit what the number counts, and the source of the limits */
export function wholeNumber(least: number, most: number, unit: string, remedy: string) {
  const limit = `must be a whole number, ${least} to ${most} ${unit}`;
  return z.int().min(least).max(most).register(advice, { limit, remedy });
}

export function choice<const T extends string>(values: readonly T[], remedy: string) {
  const limit = `must be one of: ${values.join(", ")}`;
  return z.enum(values as [T, ...T[]]).register(advice, { limit, remedy });
}

/** One of these numbers. @param unit as of {@link wholeNumber} */
export function oneOf(numbers: readonly number[], unit: string, remedy: string) {
  const list = `must be one of: ${numbers.join(", ")} ${unit}`;
  const limit = list.replaceAll(/(.{70}\S*) /g, "$1\n");
  return z
    .int()
    .refine((value) => numbers.includes(value))
    .register(advice, { limit, remedy });
}

/**
 * The advice for an issue of a field, and the value that has it: an element where the field is a list. Booleans and lists of
 * this project have none: Pulumi has checked the types that Pulumi.yaml declares.
 */
export function adviceFor(
  field: z.ZodType,
  { path, input, ...issue }: z.core.$ZodIssue,
): { readonly value: unknown } & OwnAdvice {
  const params = issue.code === "custom" ? (issue.params as OwnAdvice | undefined) : undefined;
  const schema =
    path.length > 0 && field instanceof z.ZodArray ? (field.element as z.ZodType) : field;
  const found = params ?? advice.get(inputOf(schema));
  if (!found) throw new Error(`a setting has no advice for ${issue.code}: ${issue.message}`);
  return { value: input, ...found };
}

/** What a field reads, before a transformation. */
export function inputOf(field: z.ZodType): z.ZodType {
  return field instanceof z.ZodPipe ? inputOf(field.in as z.ZodType) : field;
}
