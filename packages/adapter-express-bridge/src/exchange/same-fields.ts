/**
 * Whether two values hold the same fields: plain objects and lists are looked into, all else is compared as it is.
 * Linear in the smaller one. No recursion: a client chooses how deep what it sends is.
 *
 * @param asText Whether numbers and booleans count as the text that a url has of them.
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

/** Lists and plain objects, whatever their realm: what JSON is made of. */
function isHolder(value: unknown): value is Record<string, unknown> {
  return Array.isArray(value) || isPlain(value);
}

/** Tells an object without a class of its own. */
export function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
