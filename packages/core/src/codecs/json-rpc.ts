import type { Refusal } from "../decision/decision-parts.js";
import { checkKeys } from "../decision/read-options.js";
import type { Decoded, Frame, ServingCodec } from "./codec.js";
import { type CodecOptions, readHeartbeat } from "./heartbeat.js";
import { isRecord, type JsonMessage, parseJson, UTF8 } from "./read-json.js";

/** Options of {@link jsonRpc}. */
export interface JsonRpcOptions extends CodecOptions {}

/** A decoded JSON-RPC request. */
export interface JsonRpcRequest extends Decoded {
  /** `undefined` for a notification, which is never answered; `null` when the id could not be read. */
  readonly id?: string | number | null | undefined;
  /** The JSON-RPC error code of a message that is not a request. */
  readonly error?: number;
  /** The request as it came; `undefined` when it was no JSON object. */
  readonly message?: JsonMessage;
}

/** The codec that {@link jsonRpc} returns. */
export interface JsonRpcCodec extends ServingCodec<JsonRpcRequest> {
  /** Decodes a request, or the requests of a batch. */
  decode(frame: Frame): JsonRpcRequest | Iterable<JsonRpcRequest>;
  join(answers: readonly Frame[]): Frame;
}

const NOT_JSON = -32700;
const NO_REQUEST = -32600;

/** The words of the specification, by error code. */
const WORDS: Readonly<Record<number, string>> = {
  [NOT_JSON]: "Parse error",
  [NO_REQUEST]: "Invalid Request",
  [-32601]: "Method not found",
  [-32602]: "Invalid params",
};

/**
 * Codec for JSON-RPC 2.0. The method is the action. Named `params` are the payload; positional `params` become the
 * payload `{ args }`. A request with a named parameter `args` is refused, so that `payload.args` always holds positional
 * ones: a rule cannot judge one kind while a listener reads the other. A notification is not answered. The requests of a batch are judged one by one and answered
 * together. The `message` of an error is that of the specification where it has one, and the reason of the refusal is
 * in `data`.
 *
 * @param options `heartbeat`.
 * @returns A codec.
 * @throws {PermissionMisuse} When an option is unknown or of the wrong type.
 * @example
 * ```ts
 * import { type JsonRpcRequest, jsonRpc } from "@portcullis/core/codecs";
 * const batch = '[{"jsonrpc":"2.0","method":"add","params":[1,2],"id":1},{"jsonrpc":"2.0","method":"log"}]';
 * const [add, log] = jsonRpc().decode(batch) as Iterable<JsonRpcRequest>;
 * console.assert(add?.action === "add" && log?.action === "log");
 * ```
 */
export function jsonRpc(options: JsonRpcOptions = {}): JsonRpcCodec {
  checkKeys("jsonRpc()", options, ["heartbeat"]);
  return {
    ...readHeartbeat("jsonRpc()", options.heartbeat),
    decode(frame) {
      const value = parseJson(frame);
      if (value === undefined) return invalid("The message is not JSON.", NOT_JSON);
      if (!Array.isArray(value)) return readRequest(value);
      return value.length === 0 ? invalid("A batch holds at least one request.") : readBatch(value);
    },
    denied({ action, id, error }, refusal) {
      if (action !== undefined && id === undefined) return undefined;
      const code = error ?? codeOf(refusal);
      return answer(id, { error: { code, message: WORDS[code] ?? refusal.reason, data: refusal } });
    },
    reply({ id }, data = null) {
      return id === undefined ? undefined : answer(id, { result: data });
    },
    notify: (method, params) => JSON.stringify({ jsonrpc: "2.0", method, params }),
    join: (answers) => `[${answers.map(textOf).join(",")}]`,
  };
}

/** Reads the requests one by one, so that only as many are made as the guard takes. */
function* readBatch(batch: readonly unknown[]): Generator<JsonRpcRequest, void> {
  for (const value of batch) yield readRequest(value);
}

function readRequest(message: unknown): JsonRpcRequest {
  if (!isRecord(message)) return invalid("A request is an object.");
  const { jsonrpc, method, params, id } = message;
  if (id !== undefined && id !== null && typeof id !== "string" && typeof id !== "number") {
    return { ...invalid("The id must be a string or a number."), message };
  }
  if (jsonrpc !== "2.0") return { ...invalid('`jsonrpc` must be "2.0".'), id, message };
  if (typeof method !== "string") return { ...invalid("The method must be a string."), id, message };
  if (params === undefined) return { action: method, id, message };
  if (Array.isArray(params)) return { action: method, payload: { args: params }, id, message };
  if (!isRecord(params)) return { ...invalid("The params must be an object or a list."), id, message };
  if (Object.hasOwn(params, "args")) return { ...invalid("No parameter may be named `args`."), id, message };
  return { action: method, payload: params, id, message };
}

function invalid(bad: string, error = NO_REQUEST): JsonRpcRequest {
  return { action: undefined, bad, id: null, error };
}

function answer(id: JsonRpcRequest["id"], result: object): string {
  return JSON.stringify({ jsonrpc: "2.0", ...result, id: id ?? null });
}

/** An option `denied` of the guard may have written bytes. */
function textOf(frame: Frame): string {
  return typeof frame === "string" ? frame : UTF8.decode(frame);
}

function codeOf({ code, status }: Refusal): number {
  if (code === "bad_message" || code === "missing_action") return NO_REQUEST;
  if (code === "unknown_action") return -32601;
  if (code === "invalid_input") return -32602;
  if (status === 401) return -32001;
  return status === 403 ? -32003 : -32000;
}
