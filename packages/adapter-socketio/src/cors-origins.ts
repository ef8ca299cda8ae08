import type { OriginRule } from "@portcullis/core";
import { isOwnOrigin } from "@portcullis/core/internal";
import type { BareServer } from "./socketio-internals.js";

/**
 * The default of the option `origins`: the same origin, and the origins that the server's option `cors.origin` lists. A
 * `"*"`, `true` or a function in `cors.origin` does not count, because it only controls who may read HTTP responses.
 */
export function corsOrigins(io: BareServer): OriginRule {
  return (origin, scope) => {
    if (isOwnOrigin(origin, scope)) return true;
    // Read at each call, because an engine may be attached later.
    const cors = (io.engine?.opts ?? io.opts).cors as { origin?: unknown } | false | undefined;
    return scope.origin !== undefined && isNamed(scope.origin, cors ? cors.origin : undefined);
  };
}

/** Compares origins as the package `cors` does. */
function isNamed(origin: string, named: unknown): boolean {
  if (Array.isArray(named)) return named.some((entry) => isNamed(origin, entry));
  // A copy, because a pattern with the flag `g` or `y` continues where its last test ended.
  if (named instanceof RegExp) return new RegExp(named).test(origin);
  return named === origin;
}
