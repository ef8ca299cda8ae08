/** Reads one part of something that may be anything. Never throws: a part that cannot be read is not there. */
export function partOf(from: unknown, name: PropertyKey): unknown {
  try {
    return (from as Record<PropertyKey, unknown>)[name];
  } catch {
    return undefined;
  }
}

/** A text; all else is not there. */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** The texts among the own fields of a record, copied. Never throws. */
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

/** The first values of a list, each read once, without those that `read` makes nothing of. Never throws. */
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
