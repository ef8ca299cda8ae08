/**
 * True when a decoded value holds, at any depth, an object whose prototype came with the message. Parsers that assign
 * the keys they read, such as that of msgpack, use the value of `__proto__` as a prototype. A listener would see its
 * properties, and a rule that reads own properties would not.
 *
 * Linear even if a parser creates cycles. Does not recurse, because a client chooses the depth.
 */
export function hasWirePrototype(value: unknown): boolean {
  const seen = new Set<object>();
  const waiting = [value];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (typeof next !== "object" || next === null || seen.has(next)) continue;
    if (!isOfClass(next)) return true;
    // Bytes hold nothing.
    if (ArrayBuffer.isView(next)) continue;
    seen.add(next);
    for (const inner of Object.values(next)) waiting.push(inner);
  }
  return false;
}

/** True for a prototype made by a program, which has an own `constructor`. No message can contain a function. */
function isOfClass(value: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(value);
  return prototype === null || (Object.hasOwn(prototype, "constructor") && typeof prototype.constructor === "function");
}
