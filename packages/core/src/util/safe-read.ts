/** Reads one property of any value. Never throws. A property that cannot be read is `undefined`. */
export function partOf(from: unknown, name: PropertyKey): unknown {
  try {
    return (from as Record<PropertyKey, unknown>)[name];
  } catch {
    return undefined;
  }
}

/** Returns a string, or `undefined` for any other value. */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** Copies the strings among the own properties of a record. Never throws. */
export function textsOf(record: unknown): Readonly<Record<string, string>> | undefined {
  if (typeof record !== "object") return undefined;
  const texts: Record<string, string> = Object.create(null);
  try {
    for (const name of Object.keys(record as object)) {
      const text = textOf(partOf(record, name));
      if (text !== undefined) texts[name] = text;
    }
  } catch {
    return undefined;
  }
  return Object.freeze(texts);
}

/** Copies the first values of a list. Each is read once, and left out when `read` returns `undefined`. Never throws. */
export function listOf<T>(
  list: unknown,
  most: number,
  read: (value: unknown) => T | undefined,
): readonly T[] | undefined {
  try {
    if (!Array.isArray(list)) return undefined;
    const length = Math.min(list.length, most);
    const values: T[] = [];
    for (let index = 0; index < length; index++) {
      const value = read(list[index]);
      if (value !== undefined) values.push(value);
    }
    return Object.freeze(values);
  } catch {
    return undefined;
  }
}
