import { misuse } from "../decision/errors.js";
import { checkKeys } from "../decision/read-options.js";
import { innerKey } from "../util/inner-key.js";
import type { Decoded, EnvelopeCodec } from "./codec.js";
import { type CodecOptions, readHeartbeat } from "./heartbeat.js";
import { canEcho, isRecord, type JsonMessage, parseJson, without } from "./read-json.js";

/** Options of {@link json}. */
export interface JsonOptions extends CodecOptions {
  /** The key that names the action. Default `"type"`. */
  action?: string;
  /** The key of the request id, which the answer repeats. Default `"id"`. */
  id?: string;
  /**
   * The key of the payload, for envelopes such as `{ type, data }`. Its value must be an object; a missing or null
   * value is an empty payload. Without this option, all other keys are the payload.
   */
  payload?: string;
}

/** A decoded request. */
export interface JsonRequest extends Decoded {
  readonly id?: unknown;
  /** The message as it came; `undefined` when it was no JSON object. */
  readonly message?: JsonMessage;
}

/**
 * Codec for JSON envelopes of your own. A request is `{ type, id, ...payload }`, or `{ type, id, data }` with
 * `payload: "data"`. A refusal is `{ type, id, error: { code, status, reason, retry } }`. A handler's reply is
 * `{ type, id, status, data }`. A notice of the server is `{ type, ...data }`.
 *
 * @param options The keys: `action`, `id`, `payload`; `heartbeat`.
 * @returns A codec.
 * @throws {PermissionMisuse} When an option is unknown, or the keys are empty or not distinct.
 * @example
 * ```ts
 * import { json } from "@portcullis/core/codecs";
 * const codec = json({ action: "cmd" });
 * console.assert(codec.decode('{"cmd":"join","id":1}').action === "join");
 * ```
 */
export function json(options: JsonOptions = {}): EnvelopeCodec<JsonRequest> {
  checkKeys("json()", options, ["action", "id", "payload", "heartbeat"]);
  const { action: actionKey = "type", id: idKey = "id", payload: payloadKey } = options;
  checkNames(payloadKey === undefined ? [actionKey, idKey] : [actionKey, idKey, payloadKey]);
  return {
    ...readHeartbeat("json()", options.heartbeat),
    ...(payloadKey === undefined && { "~hint": hintOf }),
    decode(frame) {
      const message = parseJson(frame);
      if (!isRecord(message)) return { action: undefined, bad: "The message could not be read: send a JSON object." };
      const { [actionKey]: action, [idKey]: id } = message;
      // A refusal names the action of a message that is unusable otherwise.
      const named = typeof action === "string" ? action : undefined;
      if (!canEcho(id)) return { action: named, bad: "The id is nested too deeply.", message };
      if (action === undefined || action === null) {
        return { action: undefined, payload: without(message, actionKey, idKey), id, message };
      }
      if (named === undefined) return { action: undefined, id, bad: "The action must be a string.", message };
      if (payloadKey === undefined) return { action: named, payload: without(message, actionKey, idKey), id, message };
      const payload = Object.hasOwn(message, payloadKey) ? (message[payloadKey] ?? {}) : {};
      if (!isRecord(payload)) return { action: named, id, bad: `The ${payloadKey} must be an object.`, message };
      return { action: named, payload, id, message };
    },
    denied: ({ action, id }, error) => JSON.stringify({ [actionKey]: action, [idKey]: id, error }),
    reply: ({ id }, data = null, { status, action }) =>
      JSON.stringify({ [actionKey]: action, [idKey]: id, status, data }),
    notify: (event, data) =>
      JSON.stringify({ [actionKey]: event, ...(payloadKey === undefined ? data : { [payloadKey]: data }) }),
  };
}

/** Keys that hold the payload in many formats. */
const PAYLOAD_KEYS: readonly (string | undefined)[] = [
  "payload",
  "data",
  "params",
  "args",
  "body",
  "detail",
  "message",
];

/** A hint about a payload that probably stands one level below the one that the rules get. */
function hintOf({ action, payload = {} }: JsonRequest): string | undefined {
  const key = action === undefined ? undefined : innerKey(payload, () => true);
  if (!PAYLOAD_KEYS.includes(key)) return undefined;
  return `rules find the fields of a message in \`payload.${key}\`: use \`json({ payload: "${key}" })\` to judge those of \`${key}\` as the payload`;
}

function checkNames(keys: readonly unknown[]): void {
  const wrong = keys.find((key, at) => typeof key !== "string" || key === "" || keys.indexOf(key) !== at);
  if (keys.includes(wrong)) {
    throw misuse(
      "json()",
      wrong,
      'give keys that differ, as in json({ action: "type", id: "id", payload: "data" })',
      "a key",
    );
  }
}
