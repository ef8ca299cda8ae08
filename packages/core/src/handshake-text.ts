import type { TextValue } from "./types.js";

/**
 * The query of a url. Names come from the client: the object has no prototype. A name that is repeated gets an array.
 */
export function readQuery(url: string): Readonly<Record<string, TextValue>> {
  const query: Record<string, TextValue> = Object.create(null);
  const start = url.indexOf("?");
  if (start >= 0) {
    for (const [name, value] of new URLSearchParams(url.slice(start + 1))) {
      const before = query[name];
      query[name] = before === undefined ? value : [before, value].flat();
    }
  }
  return Object.freeze(query);
}

/**
 * The cookies of a `Cookie` header. Of a name that is repeated the first counts: browsers send the cookie with the
 * longest path first.
 */
export function readCookies(header = ""): Readonly<Record<string, string>> {
  const cookies: Record<string, string> = Object.create(null);
  for (const pair of header.split(";")) {
    const at = pair.indexOf("=");
    if (at < 1) continue;
    const name = pair.slice(0, at).trim();
    if (name !== "") cookies[name] ??= decode(pair.slice(at + 1).trim());
  }
  return Object.freeze(cookies);
}

function decode(value: string): string {
  const bare = value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
  if (!bare.includes("%")) return bare;
  try {
    return decodeURIComponent(bare);
  } catch {
    return bare;
  }
}
