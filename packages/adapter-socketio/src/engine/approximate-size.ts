/** What a value beside texts and bytes counts for. */
const SMALL = 8;

/**
 * About how many bytes a decoded value takes. Does not recurse: a client chooses how deep it is. What is there twice counts
 * twice as a reference and once with what it holds: a parser may make cycles.
 */
export function sizeOf(value: unknown): number {
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
