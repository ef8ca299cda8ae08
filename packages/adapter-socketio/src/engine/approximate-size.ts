/** The bytes counted for a value that is neither text nor binary. */
const SMALL = 8;

/**
 * The approximate size of a decoded value in bytes. Does not recurse, because a client chooses the depth. An object
 * that occurs twice counts its content once, because a parser may create cycles.
 */
export function sizeOf(value: unknown): number {
  if (!Array.isArray(value)) return sizeOfTree(value);
  // Most events are lists of texts and numbers, which need no stack.
  let size = SMALL;
  for (const entry of value) {
    if (typeof entry === "object" && entry !== null) return sizeOfTree(value);
    size += typeof entry === "string" ? entry.length : SMALL;
  }
  return size;
}

function sizeOfTree(value: unknown): number {
  let size = 0;
  const waiting = [value];
  const seen = new Set<object>();
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (typeof next === "string") size += next.length;
    else if (ArrayBuffer.isView(next) || next instanceof ArrayBuffer) size += next.byteLength;
    else {
      size += SMALL;
      if (typeof next !== "object" || next === null || seen.has(next)) continue;
      seen.add(next);
      if (Array.isArray(next)) for (const entry of next) waiting.push(entry);
      else {
        for (const [key, entry] of Object.entries(next)) {
          size += key.length;
          waiting.push(entry);
        }
      }
    }
  }
  return size;
}
