import type { Decision } from "../decision/decision-types.js";
import type { TraceNode } from "./trace.js";

/** Formats a decision and its trees as text. */
export function drawing(
  action: string,
  { outcome, code, status, reason }: Decision,
  { permissions, rule }: { readonly permissions?: TraceNode; readonly rule?: TraceNode },
): string {
  const why = reason === undefined ? "" : ` (${code}, ${status}): ${reason}`;
  const lines = [`${action}: ${outcome}${why}`];
  if (permissions) lines.push("permissions", ...draw(permissions, "", ""));
  if (rule) lines.push("rule", ...draw(rule, "", ""));
  return lines.join("\n");
}

function draw(node: TraceNode, head: string, indent: string): string[] {
  const operands = node.operands ?? [];
  const below = operands.flatMap((operand, index) => {
    const isLast = index === operands.length - 1;
    return draw(operand, indent + (isLast ? "└─ " : "├─ "), indent + (isLast ? "   " : "│  "));
  });
  return [head + labelOf(node), ...below];
}

/** A combination is labelled with its kind, because its name repeats the names of its operands. */
function labelOf({ kind, name, outcome, code, reason, isPending }: TraceNode): string {
  const label = `${kind === "rule" ? name : kind}: ${outcome ?? "not asked"}`;
  if (isPending) return `${label} (until there is an object)`;
  if (reason === undefined) return label;
  return `${label} (${code}): ${reason}`;
}
