import { isPlain } from "../exchange/same-fields.js";

/**
 * Copies plain objects and lists, to any depth, so that a change made during one message is not visible to the next.
 * Instances of classes, functions and other values with an identity of their own are returned as they are.
 *
 * @param known Copies by their originals, so that a shared object stays one object.
 */
export function copyOfPlain<T>(value: T, known = new Map<unknown, unknown>()): T {
  const isList = Array.isArray(value) && Object.getPrototypeOf(value) === Array.prototype;
  if (!isList && !isPlain(value)) return value;
  if (known.has(value)) return known.get(value) as T;
  const copy: object = isList ? [] : Object.create(Object.getPrototypeOf(value));
  known.set(value, copy);
  for (const key of Reflect.ownKeys(value)) {
    const property = Reflect.getOwnPropertyDescriptor(value, key) as PropertyDescriptor;
    // An accessor stays an accessor.
    if ("value" in property) property.value = copyOfPlain(property.value, known);
    Object.defineProperty(copy, key, property);
  }
  return copy as T;
}
