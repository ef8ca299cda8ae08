/** Returns the only one of the keys that count, when it holds an object that is no list. */
export function innerKey(
  record: Readonly<Record<string, unknown>>,
  counts: (key: string) => boolean,
): string | undefined {
  const [only, ...others] = Object.keys(record).filter(counts);
  if (only === undefined || others.length > 0) return undefined;
  const value = record[only];
  return typeof value === "object" && value !== null && !Array.isArray(value) ? only : undefined;
}
