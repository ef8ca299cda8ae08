import type { Scope } from "@portcullis/core";
import { copyOfPlain } from "./copy-plain.js";

/** Copies user and session of a scope for one message. `undefined` stands for one that is not there, or `null`. */
export function identityOf(scope: Scope): { readonly user: unknown; readonly session: unknown } {
  const { user, session } = scope as Scope & { readonly session?: unknown };
  // In one copy: an object that both hold stays one object.
  const copy = copyOfPlain({ user, session });
  return { user: copy.user ?? undefined, session: copy.session ?? undefined };
}
