import { PermissionMisuse } from "@portcullis/core";
import { checkKeys } from "@portcullis/core/internal";
import { type Codec, canEcho, type Decoded, isRecord, parseJson, without } from "./codec.js";
import { type CodecOptions, readHeartbeat } from "./heartbeat.js";

/** What {@link json} takes. */
export interface JsonOptions extends CodecOptions {
  /** The key that names the action. Default `"type"`. */
  action?: string;
  /** The key of what the answer repeats. Default `"id"`. */
  id?: string;
  /**
   * The key of the payload, for envelopes such as `{ type, data }`: an object; one that is missing or null is empty.
   * Without it, all other keys are the payload.
   */
  payload?: string;
}

/** A request in an envelope. */
export interface JsonRequest extends Decoded {
  readonly id?: unknown;
}

/**
 * Home-made envelopes: a request is `{ type, id, ...payload }`, or `{ type, id, data }` with `payload: "data"`; a refusal `{ type, id, error: { code, status, reason,
 * retry } }`, the answer of a served handler `{ type, id, status, data }`.
 *
 * @param options The keys: `action`, `id`, `payload`; `heartbeat`.
 * @returns A codec.
 * @throws {PermissionMisuse} When an option is unknown, or the keys are no different names.
 * @example
 * ```ts
 * import { json } from "@portcullis/adapter-ws";
 * const codec = json({ action: "cmd" });
 * console.assert(codec.decode(Buffer.from('{"cmd":"join","id":1}'), false).action === "join");
 * ```
 */
export function json(options: JsonOptions = {}): Codec<JsonRequest> & Required<Pick<Codec<JsonRequest>, "reply">> {
  checkKeys("json()", options, ["action", "id", "payload", "heartbeat"]);
  const { action: actionKey = "type", id: idKey = "id", payload: payloadKey } = options;
  checkNames(payloadKey === undefined ? [actionKey, idKey] : [actionKey, idKey, payloadKey]);
  return {
    ...readHeartbeat("json()", options.heartbeat),
    decode(data, isBinary) {
      const value = parseJson(data, isBinary);
      if (!isRecord(value)) return { action: undefined, bad: "The message could not be read: send a JSON object." };
      const { [actionKey]: action, [idKey]: id } = value;
      if (!canEcho(id)) return { action: undefined, bad: "The id is nested too deeply." };
      if (action === undefined || action === null) return { action: undefined, id };
      if (typeof action !== "string") return { action: undefined, id, bad: "The action must be a string." };
      if (payloadKey === undefined) return { action, payload: without(value, actionKey, idKey), id };
      const payload = Object.hasOwn(value, payloadKey) ? (value[payloadKey] ?? {}) : {};
      if (!isRecord(payload)) return { action: undefined, id, bad: `The ${payloadKey} must be an object.` };
      return { action, payload, id };
    },
    denied: ({ action, id }, error) => JSON.stringify({ [actionKey]: action, [idKey]: id, error }),
    reply: ({ id }, data = null, { status, action }) =>
      JSON.stringify({ [actionKey]: action, [idKey]: id, status, data }),
  };
}

function checkNames(keys: readonly unknown[]): void {
  if (keys.every((key) => typeof key === "string" && key !== "") && new Set(keys).size === keys.length) return;
  throw new PermissionMisuse(
    'json() needs names of keys that differ, as in json({ action: "type", id: "id", payload: "data" })',
  );
}
