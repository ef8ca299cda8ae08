import { decision } from "../decision/decision.js";
import type { Decision } from "../decision/decision-types.js";
import { PermissionMisuse } from "../decision/errors.js";
import { named, refuses } from "../engine/combine.js";

/** The refusal for an error that a handler has thrown. */
export function handlerError(error: unknown): Decision {
  return decision("error", "handler_error", { by: "handler", reason: "The action could not be done.", error });
}

/** The refusal that a handler has answered. A decision that allows is no answer. */
export function refusalFrom(answered: Decision, action: string): Decision {
  if (refuses(answered)) return named(answered, "handler");
  return handlerError(
    new PermissionMisuse(
      `the handler of action "${action}" answered a decision that allows: return data, not a decision`,
    ),
  );
}

/** A handler behind a rule that only knows objects has answered without asking about one. */
export function notChecked(action: string): Decision {
  const error = new PermissionMisuse(
    `the rule of action "${action}" knows objects: await authorize("${action}", payload, { object }) in the handler before it answers, or name how to load it, as in .action("${action}", rule, { object: ({ payload }) => ... }, handler)`,
  );
  return decision("error", "object_not_checked", { by: "handler", error });
}

/** A rule has handed on a payload that it made of another one than the handler's. */
export function handedAstray(action: string): Decision {
  const error = new PermissionMisuse(
    `a rule of action "${action}" hands on what it made of another payload: ask it behind \`input\` and not in \`permissions\`, about each message anew`,
  );
  return decision("error", "permission_error", { by: "handler", error });
}
