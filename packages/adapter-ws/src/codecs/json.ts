import { PermissionMisuse } from "@portcullis/core";
import { checkKeys } from "@portcullis/core/adapter";
import { type Codec, canEcho, type Decoded, isRecord, parseJson, without } from "./codec.js";

/** What {@link json} takes. */
export interface JsonOptions {
  /** The key that names the action. Default `"type"`. */
  action?: string;
  /** The key of what the answer repeats. Default `"id"`. */
  id?: string;
}

/** A request in an envelope. */
export interface JsonRequest extends Decoded {
  readonly id?: unknown;
}

/**
 * Home-made envelopes: a request is `{ type, id, ...payload }`, a refusal `{ type, id, error: { code, status, reason,
 * retry } }`, the answer of a served handler `{ type, id, status, data }`.
 *
 * @param options The keys: `action`, `id`.
 * @returns A codec.
 * @throws {PermissionMisuse} When an option is unknown, or the keys are no two different names.
 * @example
 * ```ts
 * import { json } from "@portcullis/adapter-ws";
 * const codec = json({ action: "cmd" });
 * console.assert(codec.decode(Buffer.from('{"cmd":"join","id":1}'), false).action === "join");
 * ```
 */
export function json(options: JsonOptions = {}): Codec<JsonRequest> & Required<Pick<Codec<JsonRequest>, "reply">> {
  checkKeys("json()", options, ["action", "id"]);
  const { action: actionKey = "type", id: idKey = "id" } = options;
  if (![actionKey, idKey].every((key) => typeof key === "string" && key !== "") || actionKey === idKey) {
    throw new PermissionMisuse('json() needs the names of two keys, as in json({ action: "type", id: "id" })');
  }
  return {
    decode(data, isBinary) {
      const value = parseJson(data, isBinary);
      if (!isRecord(value)) return { action: undefined, bad: "The message could not be read: send a JSON object." };
      const { [actionKey]: action, [idKey]: id } = value;
      if (!canEcho(id)) return { action: undefined, bad: "The id is nested too deeply." };
      if (action === undefined || action === null) return { action: undefined, id };
      if (typeof action !== "string") return { action: undefined, id, bad: "The action must be a string." };
      return { action, payload: without(value, actionKey, idKey), id };
    },
    denied: ({ action, id }, error) => JSON.stringify({ [actionKey]: action, [idKey]: id, error }),
    reply: ({ id }, data = null, { status, action }) =>
      JSON.stringify({ [actionKey]: action, [idKey]: id, status, data }),
  };
}
