import { isPlain } from "../exchange/same-fields.js";

/**
 * A copy of what is plain, to any depth: what one message writes on it is not there for the next one. Instances of
 * classes, functions, and what else has an identity of its own are handed as they are.
 *
 * @param known What is copied already: what was one object stays one.
 */
export function copyOfPlain<T>(value: T, known = new Map<unknown, unknown>()): T {
  const isList = Array.isArray(value) && Object.getPrototypeOf(value) === Array.prototype;
  if (!isList && !isPlain(value)) return value;
  if (known.has(value)) return known.get(value) as T;
  const copy: object = isList ? [] : Object.create(Object.getPrototypeOf(value));
  known.set(value, copy);
  for (const key of Reflect.ownKeys(value)) {
    const property = Reflect.getOwnPropertyDescriptor(value, key) as PropertyDescriptor;
    // One that is computed stays so.
    if ("value" in property) property.value = copyOfPlain(property.value, known);
    Object.defineProperty(copy, key, property);
  }
  return copy as T;
}
