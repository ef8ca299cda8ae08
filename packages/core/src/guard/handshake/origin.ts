import { createDecision } from "../../decision/decision.js";
import { decisionFromError } from "../../decision/decision-from-error.js";
import type { Decision } from "../../decision/decision-types.js";
import { PermissionMisuse } from "../../decision/errors.js";
import type { Scope } from "../../types.js";
import { isThenable } from "../../util/thenable.js";

/**
 * Decides whether pages of an origin may connect. Only `true` accepts. The origin is in lower case, without a default
 * port; `undefined` when the client sends none. The scope is anonymous, because `authenticate` runs later. For a page
 * that polls its own origin, with which browsers send no Origin header, the rule is called for that origin too.
 */
export type OriginRule = (origin: string | undefined, scope: Scope) => boolean;

const REFUSED = createDecision("deny", "origin_not_allowed", {
  by: "origins",
  reason: "Connections from this origin are not allowed.",
});

/**
 * Length of `https://`, a host name of 253 characters, and a port. Regular expressions are not applied to longer texts.
 */
const MAX_LENGTH = 267;
/** A scheme, and a host with its port. Browsers write nothing behind them. */
const SHAPE = /^[a-z][a-z0-9+.-]*:\/\/[^\s\p{C}/?#@\\]*$/u;

/**
 * Normalizes an origin for comparison. Lower case; for http(s) also punycode and no default port.
 *
 * @returns `undefined` when it is no origin that a browser may send.
 */
export function normalOrigin(text: string): string | undefined {
  const lower = text.toLowerCase();
  if (lower === "null") return lower;
  if (text.length > MAX_LENGTH || !SHAPE.test(lower)) return undefined;
  if (!/^https?:/.test(lower)) return lower;
  try {
    return new URL(lower).origin;
  } catch {
    return undefined;
  }
}

/**
 * Checks the origin of a handshake (RFC 6455, section 10.2; RFC 6454).
 *
 * @param rule A rule of `readOrigins()`.
 * @returns The refusal, or `undefined`.
 */
export function judgeOrigin(rule: OriginRule, scope: Scope): Decision | undefined {
  try {
    return isAdmitted(rule, scope) ? undefined : REFUSED;
  } catch (error) {
    return decisionFromError(error, "origins");
  }
}

/**
 * Browsers send no Origin header with a GET to the page's own origin, such as the first poll of socket.io, nor with a
 * GET of another page's script element. `Sec-Fetch-Site`, which no page can set (Fetch Metadata), distinguishes the
 * two.
 */
function isAdmitted(rule: OriginRule, scope: Scope): boolean {
  if (scope.origin !== undefined) {
    const origin = normalOrigin(scope.origin);
    return origin !== undefined && ask(rule, origin, scope);
  }
  const site = scope.headers["sec-fetch-site"];
  if (site !== undefined && site !== "none" && site !== "same-origin") return false;
  if (ask(rule, undefined, scope)) return true;
  return site === "same-origin" && ownOrigins(scope).some((own) => ask(rule, own, scope));
}

function ask(rule: OriginRule, origin: string | undefined, scope: Scope): boolean {
  const answer: unknown = rule(origin, scope);
  if (!isThenable(answer)) return answer === true;
  // The promise is not awaited, so it must not become an unhandled rejection.
  answer.then(undefined, () => undefined);
  throw new PermissionMisuse(
    "`origins` answered a promise: answer at once, and look up in authenticate() what takes time",
  );
}

/** The default rule. Accepts the same origin, and clients that send neither an Origin header nor cookies. */
export const isOwnOrigin: OriginRule = (origin, scope) => {
  if (origin !== undefined) return ownOrigins(scope).includes(origin);
  return scope.headers["sec-fetch-site"] === "same-origin" || scope.headers.cookie === undefined;
};

/**
 * The origins of the server itself. A plain connection has both schemes, because a proxy may terminate TLS in front of
 * it.
 */
function ownOrigins({ headers: { host }, secure }: Scope): readonly string[] {
  if (typeof host !== "string") return [];
  const schemes = secure ? ["https"] : ["https", "http"];
  return schemes.map((scheme) => normalOrigin(`${scheme}://${host}`)).filter((origin) => origin !== undefined);
}
