import type { Refusal } from "../decision/decision-parts.js";
import { checkKeys } from "../decision/read-options.js";
import type { Decoded, ServingCodec } from "./codec.js";
import { type CodecOptions, readHeartbeat } from "./heartbeat.js";
import { isRecord, parseJson } from "./read-json.js";

/** Options of {@link jsonRpc}. */
export interface JsonRpcOptions extends CodecOptions {}

/** A decoded JSON-RPC request. */
export interface JsonRpcRequest extends Decoded {
  /** `undefined` for a notification, which is never answered; `null` when the id could not be read. */
  readonly id?: string | number | null | undefined;
  /** The JSON-RPC error code of a message that is not a request. */
  readonly error?: number;
}

const NOT_JSON = -32700;
const NO_REQUEST = -32600;

/**
 * Codec for JSON-RPC 2.0. The method is the action. Named `params` are the payload; positional `params` become the
 * payload `{ args }`. Rules and handlers therefore get the same payload for `["x"]` and `{ "args": ["x"] }`, and must
 * not tell them apart. A notification is not answered. A batch is refused with -32600, because a guard can forward or
 * drop a frame, but not forward half of it.
 *
 * @param options `heartbeat`.
 * @returns A codec.
 * @throws {PermissionMisuse} When an option is unknown or of the wrong type.
 * @example
 * ```ts
 * import { jsonRpc } from "@portcullis/core/codecs";
 * const { action, payload } = jsonRpc().decode('{"jsonrpc":"2.0","method":"add","params":[1,2]}');
 * console.assert(action === "add" && Array.isArray(payload?.args));
 * ```
 */
export function jsonRpc(options: JsonRpcOptions = {}): ServingCodec<JsonRpcRequest> {
  checkKeys("jsonRpc()", options, ["heartbeat"]);
  return {
    ...readHeartbeat("jsonRpc()", options.heartbeat),
    decode(frame) {
      const value = parseJson(frame);
      if (value === undefined) return invalid("Parse error.", NOT_JSON);
      if (Array.isArray(value)) return invalid("Invalid Request: batches are not supported.");
      return isRecord(value) ? readRequest(value) : invalid("Invalid Request.");
    },
    denied({ action, id, error }, refusal) {
      if (action !== undefined && id === undefined) return undefined;
      return answer(id, { error: { code: error ?? codeOf(refusal), message: refusal.reason, data: refusal } });
    },
    reply({ id }, data = null) {
      return id === undefined ? undefined : answer(id, { result: data });
    },
  };
}

function readRequest({ jsonrpc, method, params, id }: Record<string, unknown>): JsonRpcRequest {
  if (id !== undefined && id !== null && typeof id !== "string" && typeof id !== "number") {
    return invalid("Invalid Request: the id must be a string or a number.");
  }
  if (jsonrpc !== "2.0") return { ...invalid('Invalid Request: `jsonrpc` must be "2.0".'), id };
  if (typeof method !== "string") return { ...invalid("Invalid Request: the method must be a string."), id };
  if (params === undefined) return { action: method, id };
  if (Array.isArray(params)) return { action: method, payload: { args: params }, id };
  if (isRecord(params)) return { action: method, payload: params, id };
  return { ...invalid("Invalid Request: the params must be an object or a list."), id };
}

function invalid(bad: string, error = NO_REQUEST): JsonRpcRequest {
  return { action: undefined, bad, id: null, error };
}

function answer(id: JsonRpcRequest["id"], result: object): string {
  return JSON.stringify({ jsonrpc: "2.0", ...result, id: id ?? null });
}

function codeOf({ code, status }: Refusal): number {
  if (code === "bad_message" || code === "missing_action") return NO_REQUEST;
  if (code === "unknown_action") return -32601;
  if (status === 401) return -32001;
  return status === 403 ? -32003 : -32000;
}
