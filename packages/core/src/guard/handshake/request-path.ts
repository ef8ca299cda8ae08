/** Any host, because the path does not depend on it. */
const BASE = "http://localhost";

/**
 * A path that `new URL()` leaves unchanged. No segment begins with a dot, there is no backslash, and no character needs
 * encoding. The first segment is not empty, because `//` begins a host.
 */
const PLAIN = /^(?!\/\/)(?:\/(?!\.|%2e)[\w\-.~%!$&'()*+,;=:@]*)+$/i;

/**
 * Returns the path of a request target, equal to `new URL(target, base).pathname`, by which applications route.
 *
 * @returns `undefined` when the target is no URL.
 */
export function pathOf(target: string): string | undefined {
  const end = target.search(/[?#]/);
  const path = end < 0 ? target : target.slice(0, end);
  if (PLAIN.test(path)) return path;
  try {
    return new URL(target, BASE).pathname;
  } catch {
    return undefined;
  }
}
