import { decision } from "../../decision/decision.js";
import { decisionFromError } from "../../decision/decision-from-error.js";
import type { Decision } from "../../decision/decision-types.js";
import { PermissionMisuse } from "../../decision/errors.js";
import type { Scope } from "../../types.js";
import { isThenable } from "../../util/thenable.js";

/**
 * Says whether pages of an origin may connect: only `true` is yes. The origin is in lower case, without a default port;
 * `undefined` where a client sends none. The scope is that of somebody nobody has asked for a name yet. For a page that
 * polls its own origin, of which a browser does not send the Origin, it is asked about that as well.
 */
export type OriginRule = (origin: string | undefined, scope: Scope) => boolean;

const REFUSED = decision("deny", "origin_not_allowed", {
  by: "origins",
  reason: "Connections from this origin are not allowed.",
});

/** `https://`, a host name of 253 characters, and a port: no regular expression is to work on more. */
const MAX_LENGTH = 267;
/** A scheme, and a host with its port. A browser writes nothing behind them. */
const SHAPE = /^[a-z][a-z0-9+.-]*:\/\/[^\s\p{C}/?#@\\]*$/u;

/**
 * Writes an origin in the one way in which it is compared: lower case; of http(s) in punycode and without a default port.
 *
 * @returns `undefined` where it is no origin that a browser may send.
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
 * Judges where a handshake comes from (RFC 6455, section 10.2; RFC 6454).
 *
 * @param rule What `readOrigins()` returned.
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
 * A browser sends no Origin with a GET of its own page, such as the first poll of socket.io, nor with one that another
 * page makes by a script element. Which of both it is says `Sec-Fetch-Site`, which no page can set (Fetch Metadata).
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
  // Nobody waits for it: it must not be an unhandled rejection.
  answer.then(undefined, () => undefined);
  throw new PermissionMisuse(
    "`origins` answered a promise: answer at once, and look up in authenticate() what takes time",
  );
}

/** Without the option: the same origin, or a client that sends neither an Origin nor cookies. */
export const isOwnOrigin: OriginRule = (origin, scope) => {
  if (origin !== undefined) return ownOrigins(scope).includes(origin);
  return scope.headers["sec-fetch-site"] === "same-origin" || scope.headers.cookie === undefined;
};

/** Behind a proxy that ends TLS the scheme is not known here, so a plain connection may be of a page of either. */
function ownOrigins({ headers: { host }, secure }: Scope): readonly string[] {
  if (typeof host !== "string") return [];
  const schemes = secure ? ["https"] : ["https", "http"];
  return schemes.map((scheme) => normalOrigin(`${scheme}://${host}`)).filter((origin) => origin !== undefined);
}
