/**
 * True when two values have the same fields. Plain objects and lists are compared by content, other values by identity.
 * Linear in the smaller value. Does not recurse, because a client chooses the depth.
 *
 * @param asText True when numbers and booleans equal their text in a URL.
 */
export function isSame(one: unknown, other: unknown, asText = false): boolean {
  const left: unknown[] = [one];
  const right: unknown[] = [other];
  while (left.length > 0) {
    const [a, b] = [left.pop(), right.pop()];
    if (asText ? textOr(a) === textOr(b) : Object.is(a, b)) continue;
    if (!isHolder(a) || !isHolder(b) || Array.isArray(a) !== Array.isArray(b)) return false;
    const keys = Object.keys(a);
    if (keys.length !== Object.keys(b).length) return false;
    for (const key of keys) {
      if (!Object.hasOwn(b, key)) return false;
      left.push(a[key]);
      right.push(b[key]);
    }
  }
  return true;
}

function textOr(value: unknown): unknown {
  return typeof value === "number" || typeof value === "boolean" ? String(value) : value;
}

/** True for lists and plain objects of any realm, the containers of JSON. */
function isHolder(value: unknown): value is Record<string, unknown> {
  return Array.isArray(value) || isPlain(value);
}

/** True for an object without a class of its own. */
export function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
