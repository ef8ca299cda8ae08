import type { Scope } from "@portcullis/core";
import { copyOfPlain } from "./copy-plain.js";

/** Copies user and session of a scope for one message. A missing value or `null` becomes `undefined`. */
export function identityOf(scope: Scope): { readonly user: unknown; readonly session: unknown } {
  const { user, session } = scope as Scope & { readonly session?: unknown };
  // Both are copied together, so that an object they share stays one object.
  const copy = copyOfPlain({ user, session });
  return { user: copy.user ?? undefined, session: copy.session ?? undefined };
}
