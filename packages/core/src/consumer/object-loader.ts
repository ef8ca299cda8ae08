import { readLoaded } from "../engine/loaded-object.js";
import type { RuleContext } from "../rules/rule-context.js";
import { isThenable } from "../util/thenable.js";

/** Makes the loader of the option `object`. A missing object is refused, and so is a returned `deny()` or `fault()`. */
export function loaderOf(object: (context: RuleContext) => unknown): (context: RuleContext) => unknown {
  return (context) => {
    const found = object(context);
    return isThenable(found) ? Promise.resolve(found).then(readLoaded) : readLoaded(found);
  };
}
