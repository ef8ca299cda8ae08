import { decisionIn, withParts } from "../../decision/decision.js";
import type { Decision } from "../../decision/decision-types.js";
import { PermissionMisuse } from "../../decision/errors.js";
import { refuses } from "../../engine/combine.js";
import { show } from "../../util/show.js";
import { ignoreRejection } from "../../util/thenable.js";

/** The scope values of an anonymous client. */
export const ANONYMOUS: Readonly<Record<string, unknown>> = Object.freeze({ user: null });

/** Returns the refusal that `authenticate` returned instead of throwing it, if any. Never throws. */
export function refusalIn(extra: unknown): Decision | undefined {
  const returned = decisionIn(extra);
  return returned && refuses(returned) ? withParts(returned, { by: "authenticate" }) : undefined;
}

/**
 * Reads a result of `authenticate` that is no refusal. Nothing means anonymous.
 *
 * @throws {PermissionMisuse} When it is no object or a decision, or has a promise among its values.
 */
export function readExtra(extra: unknown): Readonly<Record<string, unknown>> {
  if (extra === undefined) return ANONYMOUS;
  if (extra instanceof Error) {
    throw new PermissionMisuse(`authenticate() returned an error, \`${extra.name}\`: throw it`);
  }
  if (typeof extra !== "object" || Array.isArray(extra)) {
    throw new PermissionMisuse(
      `authenticate() returned ${show(extra)}: return an object for the scope, as in { user }, or nothing`,
    );
  }
  if (decisionIn(extra)) {
    throw new PermissionMisuse("authenticate() returned a decision that allows: return who is there, as in { user }");
  }
  const read: Record<string, unknown> = { ...ANONYMOUS, ...extra };
  const [promised] = Object.keys(read).filter((key) => ignoreRejection(read[key]));
  if (promised === undefined) return read;
  throw new PermissionMisuse(`authenticate() returned a promise as \`${promised}\`: await it`);
}
