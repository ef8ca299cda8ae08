import { createDecision } from "../decision/decision.js";
import type { Decision } from "../decision/decision-types.js";
import { hasUser } from "../engine/hidden-actions.js";
import type { Accepted } from "./reauthentication-types.js";

const PRINCIPAL = { reason: "The credentials belong to somebody else.", by: "identity" };
const LOST_PRINCIPAL: Decision = createDecision("deny", "principal_changed", { ...PRINCIPAL, status: 401 });
const OTHER_PRINCIPAL: Decision = createDecision("deny", "principal_changed", { ...PRINCIPAL, status: 403 });

/** The refusal of a renewal that signs nobody in. */
const NOBODY: Decision = createDecision("deny", "not_authenticated", {
  reason: "The credentials were not accepted.",
  by: "identity",
});

/** The refusal of an accepted authentication whose identity does not belong to the connection, if there is one. */
export function refusalOf({ question, watch, scope }: Accepted, principal: string | undefined): Decision | undefined {
  const { subjects, expiresAt } = watch.identity;
  const isRenewal = question.phase === "renew";
  // A guest who gives a wrong token stays a guest, which is no success.
  if (isRenewal && subjects.length === 0 && expiresAt === undefined && !hasUser(scope)) return NOBODY;
  if (principal === undefined || subjects[0] === principal) return undefined;
  return isRenewal ? OTHER_PRINCIPAL : LOST_PRINCIPAL;
}
