import type { PropertyChange } from "../kit/handlers.ts";
import { type Input, type ResourceType, update } from "./resource.ts";
import { isEmpty, type Properties } from "./values.ts";

export const inputsOf = (type: ResourceType): Record<string, Input> => ({
  ...(type.inputs as Record<string, Input>),
  ...(type.retag ? { tags: update(), tagsAll: update() } : {}),
});

/**
 * What must change for a resource in `state` (as AWS was last seen to have it) to be as `desired`
 * (the program's inputs with defaults and tagsAll filled in), less what is to be ignored.
 */
export function changes(
  type: ResourceType,
  state: Properties,
  desired: Properties,
  ignored: readonly string[] = [],
): PropertyChange[] {
  return Object.entries(inputsOf(type)).flatMap(([property, input]): PropertyChange[] => {
    const [have, want] = [state[property], desired[property]];
    if (ignored.includes(property)) return [];
    if (want === undefined ? input.computed || isEmpty(have) : input.same(have, want, desired))
      return [];
    const kind = want === undefined ? "DELETE" : isEmpty(have) ? "ADD" : "UPDATE";
    const { replaces } = input;
    return [
      {
        property,
        kind,
        replaces: typeof replaces === "function" ? replaces(state, desired) : replaces,
      },
    ];
  });
}
