import type { IncomingMessage } from "node:http";
import { PermissionMisuse } from "@portcullis/core";

/** Methods that passport adds to a request. */
const OF_PASSPORT = /\b(isAuthenticated|isUnauthenticated|login|logout)\b.* is not a function/i;

/** The read of a property that sessions and users have, of `undefined`. */
const OF_SESSION =
  /of undefined \((reading|setting) '(user\w*|passport|u?id|roles?|is[A-Z]\w*|logged\w*|account\w*|cookie|save|destroy|regenerate)'/i;

/**
 * Names the session or passport that a list of middlewares lacks, where one of them failed for it. Returns every other
 * error as it is. Never throws.
 *
 * @param caller The function to name, for example `fromExpress()`.
 */
export function explainMissing(error: unknown, request: IncomingMessage, caller: string): unknown {
  try {
    if (!(error instanceof TypeError)) return error;
    const { message } = error;
    const hasSession = (request as { session?: unknown }).session !== undefined;
    if (!OF_PASSPORT.test(message) && (hasSession || !OF_SESSION.test(message))) return error;
    const lacking = hasSession ? "passport.session()" : "session(...) and passport.session()";
    const misuse = new PermissionMisuse(
      `${caller}: a middleware reads what ${lacking} would set, and the list has none in front of it (${message}): add it, as in ${caller.slice(0, -1)}[session(...), passport.session(), requireLogin], { app })`,
    );
    return Object.assign(misuse, { cause: error });
  } catch {
    // A thrown value may be anything, and reading it may throw.
    return error;
  }
}
