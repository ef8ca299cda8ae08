import { type Decision, decision } from "./decision.js";
import { PermissionMisuse, show } from "./errors.js";
import type { Scope } from "./types.js";

/** The origins a server accepts. `null` stands for a missing Origin header, `"null"` for an opaque origin. */
export type Origins = readonly (string | null)[];

const REFUSED = decision("deny", "origin_not_allowed", {
  by: "origins",
  reason: "Connections from this origin are not allowed.",
});

/**
 * Judges where a handshake comes from. With a list: only what it names. Without: the same origin, or a client that
 * sends neither an Origin nor cookies (RFC 6455, section 10.2; RFC 6454).
 *
 * @param check What `readOrigins()` returned.
 * @returns The refusal, or `undefined`.
 */
export function judgeOrigin(check: ReadonlySet<string | null> | undefined, scope: Scope): Decision | undefined {
  const origin = scope.origin?.toLowerCase();
  if (origin === undefined) return isFitWithout(check, scope) ? undefined : REFUSED;
  const isFit = check ? check.has(origin) : isSameOrigin(origin, scope);
  return isFit ? undefined : REFUSED;
}

/**
 * A browser sends no Origin with a GET of its own page, such as the first poll of socket.io, nor with one that another
 * page makes by a script element. Which of both it is says `Sec-Fetch-Site`, which no page can set (Fetch Metadata).
 */
function isFitWithout(check: ReadonlySet<string | null> | undefined, scope: Scope): boolean {
  const site = scope.headers["sec-fetch-site"];
  if (site === "same-origin") {
    if (check === undefined || check.has(null)) return true;
    return [...check].some((entry) => entry !== null && isSameOrigin(entry, scope));
  }
  if (site !== undefined && site !== "none") return false;
  return check ? check.has(null) : scope.headers.cookie === undefined;
}

/** Behind a proxy that ends TLS the scheme is not known here, so a plain connection compares the host alone. */
function isSameOrigin(origin: string, { headers, secure }: Scope): boolean {
  const parts = /^(https?):\/\/([^/?#]+)$/.exec(origin);
  const host = typeof headers.host === "string" ? headers.host.toLowerCase() : undefined;
  if (!parts || host === undefined) return false;
  const [, scheme, originHost] = parts;
  if (secure && scheme !== "https") return false;
  const port = scheme === "https" ? ":443" : ":80";
  return withoutPort(originHost as string, port) === withoutPort(host, port);
}

function withoutPort(host: string, port: string): string {
  return host.endsWith(port) ? host.slice(0, -port.length) : host;
}

/**
 * Reads the option `origins`.
 *
 * @throws {PermissionMisuse} When an entry is no origin, for example because of a path.
 */
export function readOrigins(given: Origins | undefined): ReadonlySet<string | null> | undefined {
  if (given === undefined) return undefined;
  if (!Array.isArray(given)) {
    throw new PermissionMisuse(`\`origins\` is ${show(given)}: give a list, as in ["https://app.example"]`);
  }
  for (const entry of given) {
    if (
      entry === null ||
      entry === "null" ||
      (typeof entry === "string" && /^[a-z][a-z0-9+.-]*:\/\/[^/?#*]+$/i.test(entry))
    )
      continue;
    throw new PermissionMisuse(
      `\`origins\` has ${show(entry)}: write scheme, host and port with nothing behind them, as in "https://app.example", or null for clients that send no Origin`,
    );
  }
  return new Set(given.map((entry) => entry?.toLowerCase() ?? null));
}
