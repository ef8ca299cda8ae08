/** Any host, because the path does not depend on it. */
const BASE = "http://localhost";

/** The usual path. No segment begins with a dot, and no character needs encoding. */
const PLAIN = /^(?!\/\/)(?:\/(?!\.|%2e)[\w\-.~%!$&'()*+,;=:@]*)+$/i;

/**
 * Returns the path of a request target that all routers read in the same way: the origin form of RFC 9112, section 3.2.1,
 * which every client sends.
 *
 * Applications find the path with `new URL()`, with `parseurl` as Express and Koa do, or by cutting the text at the `?`.
 * These differ for a target with a scheme, a host, two slashes at the start, a backslash, a dot segment, a fragment, or a
 * character that is not encoded. A rule would decide about one path, and the application would open another.
 *
 * @returns `undefined` for any other target. It has to be refused.
 */
export function pathOf(target: string): string | undefined {
  if (target.includes("#")) return undefined;
  const end = target.indexOf("?");
  const path = end < 0 ? target : target.slice(0, end);
  if (PLAIN.test(path)) return path;
  // Not `//`, which begins a host. `new URL()` reads a backslash as a slash.
  if (!/^\/(?![/\\])/.test(path)) return undefined;
  return new URL(BASE + path).pathname === path ? path : undefined;
}
