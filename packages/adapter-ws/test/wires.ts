import type { Answer, Malformed, OutgoingMessage } from "@portcullis/testing";
import type { AttackProtocol } from "@portcullis/testing/attack";
import { type Codec, dcrf, json, jsonRpc } from "../src/index.js";

/** A protocol: its codec, and its frames on the client and in the application. */
export interface Wire {
  readonly codec: Codec;
  /** The protocol name of the attack kit. */
  readonly attackProtocol: AttackProtocol;
  /** Encodes a request of the client. */
  request(message: OutgoingMessage): object;
  /** Decodes an answer for the client. */
  answer(frame: never): Answer;
  /** Decodes a request for the application. */
  read(frame: never): { id: unknown; action: string; payload: Record<string, unknown> };
  /** Encodes an answer of the application. */
  reply(id: unknown, data: unknown): object;
  readonly malformed: readonly [Malformed, ...Malformed[]];
  /** True when a list of requests is one frame, and is answered by a list. */
  readonly hasBatches?: true;
}

/** The reason why other protocols lack the ability `batches`. */
export const NO_BATCHES = "a frame holds one message, except with `jsonRpc()` or a codec of your own";

const UNREADABLE: readonly [Malformed, ...Malformed[]] = [
  { what: "no JSON", raw: "{", code: "bad_message" },
  { what: "an empty frame", raw: "", code: "bad_message" },
  { what: "an array", raw: "[]", code: "bad_message" },
  { what: "a number", raw: "5", code: "bad_message" },
  { what: "null", raw: "null", code: "bad_message" },
  { what: "a binary frame that is no text", raw: Buffer.from([0xff, 0xfe, 0x00]), code: "bad_message" },
];

interface DcrfAnswer {
  /** A reason, or messages by field. */
  errors: (string | Record<string, unknown>)[];
  data: unknown;
  action: string | null;
  response_status: number;
  request_id?: number | null;
}

/** The reason as one string, also when it is nested by field. */
function textOf(error: unknown = ""): string {
  if (typeof error === "string") return error;
  return Object.entries(error as object)
    .map(([field, inner]) => `${field}: ${[inner].flat().map(textOf).join("; ")}`)
    .join("; ");
}

/** The DCRF protocol, with codes. */
export const dcrfWire: Wire = {
  codec: dcrf({ codes: true }),
  attackProtocol: "dcrf",
  request: ({ id, action, payload }) => ({ action, request_id: id, ...payload }),
  answer({ errors, data, action, response_status: status, request_id }: DcrfAnswer): Answer {
    const id = request_id ?? undefined;
    if (status < 400) return { id, action: action ?? undefined, data, status };
    return {
      id,
      action: action ?? undefined,
      status,
      error: { ...(data as object), status, reason: textOf(errors[0]) },
    };
  },
  read: ({ action, request_id: id, ...payload }: { action: string; request_id: unknown }) => ({ id, action, payload }),
  reply: (id, data) => ({ errors: [], data, action: null, response_status: 200, request_id: id }),
  malformed: [
    ...UNREADABLE,
    { what: "an action that is an object", raw: '{"action":{}}', code: "bad_message" },
    { what: "no action", raw: "{}", code: "missing_action" },
    { what: "an action that is null", raw: '{"action":null}', code: "missing_action" },
  ],
};

interface Envelope {
  cmd: string;
  nr?: number;
  data?: unknown;
  status?: number;
  error?: Answer["error"];
}

/** JSON envelopes. */
export const jsonWire: Wire = {
  codec: json({ action: "cmd", id: "nr" }),
  attackProtocol: { kind: "json", action: "cmd", id: "nr" },
  request: ({ id, action, payload }) => ({ cmd: action, nr: id, ...payload }),
  answer: ({ cmd: action, nr: id, data, status, error }: Envelope): Answer =>
    error ? { id, action, error } : { id, action, data, status },
  read: ({ cmd: action, nr: id, ...payload }: Envelope) => ({ id, action, payload }),
  reply: (id, data) => ({ nr: id, data }),
  malformed: [
    ...UNREADABLE,
    { what: "an action that is a number", raw: '{"cmd":5}', code: "bad_message" },
    { what: "no action", raw: '{"nr":5}', code: "missing_action" },
  ],
};

interface JsonRpcFrame {
  method: string;
  params?: Record<string, unknown>;
  id: number | null;
  result?: unknown;
  error?: { code: number; message: string; data: Answer["error"] };
}

/** JSON-RPC 2.0. */
export const jsonRpcWire: Wire = {
  codec: jsonRpc(),
  hasBatches: true,
  attackProtocol: "json-rpc",
  request: ({ id, action, payload }) => ({ jsonrpc: "2.0", method: action, params: payload, id }),
  answer: ({ id, result, error }: JsonRpcFrame): Answer =>
    error?.data ? { id: id ?? undefined, error: error.data } : { id: id ?? undefined, data: result },
  read: ({ method: action, params: payload = {}, id }: JsonRpcFrame) => ({ id, action, payload }),
  reply: (id, data) => ({ jsonrpc: "2.0", id, result: data ?? null }),
  malformed: [
    ...UNREADABLE,
    { what: "no method", raw: '{"jsonrpc":"2.0","id":99}', code: "bad_message" },
    { what: "a version that there is not", raw: '{"jsonrpc":"1.0","method":"ping"}', code: "bad_message" },
  ],
};
