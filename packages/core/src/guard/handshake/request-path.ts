/** A path does not depend on the host of the server. */
const BASE = "http://localhost";

/**
 * A path that a URL leaves as it is: no segment begins with a dot, no backslash, nothing that is encoded anew. Its first
 * segment is not empty, which would be a host.
 */
const PLAIN = /^(?!\/\/)(?:\/(?!\.|%2e)[\w\-.~%!$&'()*+,;=:@]*)+$/i;

/**
 * The path of a request target, as an application sees it that routes by `new URL(target, base).pathname`.
 *
 * @returns `undefined` where the target is no URL.
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
