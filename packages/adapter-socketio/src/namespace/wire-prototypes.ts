/**
 * Tells if a decoded value has, at any depth, an object whose prototype came with the message: parsers that assign the
 * keys they read, as that of msgpack does, make the value of `__proto__` one. Its properties would be there for a listener
 * and not for a rule that looks at what the object has itself.
 *
 * Linear, also where a parser makes cycles, and without recursion: a client chooses how deep a value is.
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

/** A prototype that a program has made has a constructor of its own; no message can bring a function. */
function isOfClass(value: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(value);
  return prototype === null || (Object.hasOwn(prototype, "constructor") && typeof prototype.constructor === "function");
}
