import type { OriginRule } from "@portcullis/core";
import { isOwnOrigin } from "@portcullis/core/internal";
import type { BareServer } from "./socketio-internals.js";

/**
 * Without `origins`: the same origin, and what the server's own option `cors.origin` names. A `"*"`, `true` or a function
 * there says who may read what is answered, and nobody has thought of sockets.
 */
export function corsOrigins(io: BareServer): OriginRule {
  return (origin, scope) => {
    if (isOwnOrigin(origin, scope)) return true;
    // Read each time: an engine may come later.
    const cors = (io.engine?.opts ?? io.opts).cors as { origin?: unknown } | false | undefined;
    return scope.origin !== undefined && isNamed(scope.origin, cors ? cors.origin : undefined);
  };
}

/** As the package `cors` compares them. */
function isNamed(origin: string, named: unknown): boolean {
  if (Array.isArray(named)) return named.some((entry) => isNamed(origin, entry));
  if (named instanceof RegExp) return fromStart(named).test(origin);
  return named === origin;
}

/** One that remembers where it was (`g`, `y`) is left alone. */
function fromStart(pattern: RegExp): RegExp {
  return pattern.global || pattern.sticky ? new RegExp(pattern.source, pattern.flags.replace("g", "")) : pattern;
}
