import { isSubject } from "@portcullis/core/internal";

/** The claims of a logout token that name whom it is about. At least one is there. */
export interface LoggedOut {
  /** The user at the identity provider. */
  readonly sub?: string;
  /** The session at the identity provider. */
  readonly sid?: string;
}

/** The event that makes a token a logout token (OpenID Connect Back-Channel Logout 1.0, section 2.4). */
const EVENT = "http://schemas.openid.net/event/backchannel-logout";

/** The types of a logout token. Many providers sign all their tokens as `JWT`. */
const TYPES = /^(application\/)?(logout\+)?jwt$/i;

/** A verified logout token. */
export interface LogoutToken extends LoggedOut {
  readonly jti: string;
}

/**
 * Checks the claims of a token whose signature, issuer, audience and expiry were verified (OpenID Connect Back-Channel
 * Logout 1.0, section 2.6), and its type (section 2.4).
 *
 * @param typ The `typ` of its header. Tokens for other uses have one of their own (RFC 8725, section 3.11).
 * @returns The token, or a sentence that says what is wrong.
 */
export function readLogoutToken(claims: Readonly<Record<string, unknown>>, typ?: unknown): LogoutToken | string {
  if (typ !== undefined && !TYPES.test(String(typ))) return "The token is of another type than `logout+jwt`.";
  const { sub, sid, jti, iat, exp, events, nonce } = claims;
  if (typeof jti !== "string" || jti === "") return "The token has no `jti`.";
  if (!Number.isFinite(iat)) return "The token has no `iat`.";
  if (typeof exp !== "number") return "The token has no `exp`.";
  if (!isLogout(events)) return "The token has no logout event.";
  if (nonce !== undefined) return "The token has a `nonce`, which a logout token must not have.";
  const names = { ...(isName(sub) && { sub }), ...(isName(sid) && { sid }) };
  if (Object.keys(names).length === 0) return "The token has neither `sub` nor `sid`.";
  // No revocation can name another id. The provider would send the token again and again.
  const wrong = Object.entries(names).find(([, name]) => !isSubject(`session:${name}`));
  if (wrong) return `The \`${wrong[0]}\` of the token is no id.`;
  return { ...names, jti };
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isLogout(events: unknown): boolean {
  if (typeof events !== "object" || events === null || !Object.hasOwn(events, EVENT)) return false;
  const event = (events as Record<string, unknown>)[EVENT];
  return typeof event === "object" && event !== null;
}
