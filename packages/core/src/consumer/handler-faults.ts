import { createDecision } from "../decision/decision.js";
import type { Decision } from "../decision/decision-types.js";
import { PermissionMisuse } from "../decision/errors.js";
import { named, refuses } from "../engine/combine.js";

/** The fault of a handler that has thrown. */
export function handlerError(error: unknown): Decision {
  return createDecision("error", "handler_error", {
    by: "handler",
    reason: "The action could not be done.",
    // Without an error it would look like a fault that nobody has thrown.
    error: error ?? `${error} was thrown`,
  });
}

/** The refusal that a handler has returned. A returned decision that allows is a fault. */
export function refusalFrom(answered: Decision, action: string): Decision {
  if (refuses(answered)) return named(answered, "handler");
  return handlerError(
    new PermissionMisuse(
      `the handler of action "${action}" answered a decision that allows: return data, not a decision`,
    ),
  );
}

/**
 * The fault of a handler that has answered without checking an object, behind a rule that only answers the object
 * phase.
 */
export function notChecked(action: string): Decision {
  const error = new PermissionMisuse(
    `the rule of action "${action}" knows objects: await authorize("${action}", payload, { object }) in the handler before it answers, or name how to load it, as in .action("${action}", rule, { object: ({ payload }) => ... }, handler)`,
  );
  return createDecision("error", "object_not_checked", { by: "handler", error });
}

/** The fault of a handler that has asked questions by these verbs and has not awaited the answers. */
export function notAwaited(action: string, verbs: readonly string[]): Decision {
  const calls = verbs.map((verb) => `${verb}()`).join(" and ");
  return handlerError(
    new PermissionMisuse(
      `the handler of action "${action}" has not awaited ${calls}, so it went on whatever the answer was: write \`await\` before each call`,
    ),
  );
}

/** The fault of a rule that has handed on a payload made from another one than the handler's. */
export function fromOtherPayload(action: string): Decision {
  const error = new PermissionMisuse(
    `a rule of action "${action}" hands on what it made of another payload: ask it behind \`input\` and not in \`permissions\`, about each message anew`,
  );
  return createDecision("error", "permission_error", { by: "handler", error });
}
