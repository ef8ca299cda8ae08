import type { Payload } from "../types.js";
import { innerKey } from "../util/inner-key.js";
import { printable } from "../util/printable.js";

/** Keys that name the action in other formats. */
const ACTION_KEYS = ["action", "type", "event", "cmd", "command", "method", "op", "kind", "name"];

/** Returns the codec for a message that has no action, as an advice. */
export function codecFor(payload: Payload): string {
  if ("jsonrpc" in payload) return "use `codec: jsonRpc()`";
  if ("stream" in payload && "payload" in payload) return "use `codec: dcrf({ multiplex: true })`";
  const key = ACTION_KEYS.find((name) => name in payload);
  const inner = innerKey(payload, (name) => name !== key && name !== "id");
  const options = [
    ...(key === "type" ? [] : [`action: "${key ?? "..."}"`]),
    ...(inner === undefined ? [] : [`payload: ${JSON.stringify(nameOf(inner))}`]),
  ].join(", ");
  const codec = `use \`codec: json(${options && `{ ${options} }`})\``;
  return key === undefined ? `${codec} with the key that names the action` : codec;
}

export function list(names: readonly string[]): string {
  return names.map((name) => `\`${nameOf(name)}\``).join(", ");
}

/** A name that a client has sent, for a hint. */
export function nameOf(text: string): string {
  return printable(text, 40);
}
