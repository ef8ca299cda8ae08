import type { PublicIssue } from "../decision/decision-parts.js";
import { misuse, PermissionMisuse } from "../decision/errors.js";
import { checkKeys } from "../decision/read-options.js";
import type { Decoded, EnvelopeCodec } from "./codec.js";
import { type CodecOptions, readHeartbeat } from "./heartbeat.js";
import { canEcho, isRecord, type JsonMessage, parseJson, without } from "./read-json.js";

/** Options of {@link dcrf}. */
export interface DcrfOptions extends CodecOptions {
  /** Puts `{ code, retry }` into the `data` of a refusal. Default false: `data` is null, as in DCRF. */
  codes?: boolean;
  /**
   * Wraps frames as `{ stream, payload }`, as `dcrf-client` does. `true` accepts any stream and hides it from the
   * rules, for a server where all streams mean the same. A list accepts only those streams, and the rules get the
   * action `"stream.action"`. No stream may start with another one and a dot: with `chat` and `chat.rooms`,
   * `rooms.delete` of the first and `delete` of the second would be one action.
   */
  multiplex?: boolean | readonly string[];
}

/** A decoded DCRF request. */
export interface DcrfRequest extends Decoded {
  readonly id?: unknown;
  /** The action as the client sent it, without the stream. */
  readonly name?: string;
  readonly stream?: string | null | undefined;
  /** The message as it came, with its stream; `undefined` when it was no JSON object. */
  readonly message?: JsonMessage;
}

const NOT_READABLE = "The message could not be read: send a JSON object.";
const NO_STREAM = "The message could not be read: send an object with `stream` and `payload`.";

/**
 * Codec for the protocol of Django Channels REST Framework (DCRF). A request is `{ action, request_id, ...payload }`.
 * Every answer has exactly the keys `errors`, `data`, `action`, `response_status` and `request_id`. `errors` holds the
 * reason of a refusal. When the payload does not fit a schema, it holds the messages by field, in the shape of DRF
 * serializers: `[{ room: ["Required"] }]`.
 *
 * @param options `codes`, `multiplex`, `heartbeat`.
 * @returns A codec.
 * @throws {PermissionMisuse} When an option is unknown or of the wrong type, or two streams could share an action.
 * @example
 * ```ts
 * import { dcrf } from "@portcullis/core/codecs";
 * const codec = dcrf();
 * const { action, payload } = codec.decode('{"action":"join","request_id":1,"room":"lobby"}');
 * console.assert(action === "join" && payload?.room === "lobby");
 * ```
 */
export function dcrf(options: DcrfOptions = {}): EnvelopeCodec<DcrfRequest> {
  checkKeys("dcrf()", options, ["codes", "multiplex", "heartbeat"]);
  const { codes = false, multiplex = false } = options;
  const streams = readStreams(multiplex);
  const wrap = (stream: string | null | undefined, frame: object) =>
    JSON.stringify(multiplex === false ? frame : { stream: stream ?? null, payload: frame });
  return {
    ...readHeartbeat("dcrf()", options.heartbeat),
    "~streams": streams,
    decode(frame) {
      const message = parseJson(frame);
      if (!isRecord(message)) return { action: undefined, bad: NOT_READABLE };
      return multiplex === false ? readFrame(message, message, undefined, "") : readStream(message, streams);
    },
    denied: ({ id = null, name = null, stream }, { code, status, reason, retry, retryAfter }, issues = []) =>
      wrap(stream, {
        errors: [issues.length > 0 ? byField(issues) : code === "unknown_action" ? methodOf(name) : reason],
        data: codes ? { code, retry, retryAfter } : null,
        action: name,
        response_status: status,
        request_id: id,
      }),
    reply: ({ id = null, name, action: asked, stream }, data = null, { status, action, isRenewal }) =>
      wrap(stream, {
        errors: [],
        data: isRenewal ? secondsIn(data as End) : data,
        action: action === asked ? name : action,
        response_status: status,
        request_id: id,
      }),
    notify: (action, data: End) =>
      wrap(null, { errors: [], data: secondsIn(data), action, response_status: 200, request_id: null }),
  };
}

/** The seconds until an identity ends, as the guard names them. */
interface End {
  readonly expiresIn?: number | null;
}

/** In the spelling of DCRF, as `request_id` is. */
const secondsIn = ({ expiresIn: expires_in }: End) => ({ expires_in });

const methodOf = (name: string | null) => `Method "${name}" not allowed.`;

/** Messages by field, nested as the fields are. */
type Messages = { [field: string]: Messages | string[] };

/** DRF's key for messages about a whole object. */
const WHOLE = "non_field_errors";

function byField(issues: readonly PublicIssue[]): Messages {
  const root = nothing();
  for (const { path, message } of issues) {
    let at = root;
    for (const name of path.slice(0, -1)) {
      const there = at[name] ?? nothing();
      const inner: Messages = Array.isArray(there) ? Object.assign(nothing(), { [WHOLE]: there }) : there;
      at[name] = inner;
      at = inner;
    }
    addMessage(at, path.at(-1) ?? WHOLE, message);
  }
  return root;
}

function addMessage(at: Messages, field: string, message: string): void {
  const there = at[field];
  if (there === undefined) at[field] = [message];
  else if (Array.isArray(there)) there.push(message);
  else addMessage(there, WHOLE, message);
}

/** An object without a prototype, because its keys come from the client. */
const nothing = (): Messages => Object.create(null);

/** @param frame The message, or the part of it that its stream wraps. */
function readFrame(
  message: JsonMessage,
  frame: Record<string, unknown>,
  stream: string | undefined,
  prefix: string,
): DcrfRequest {
  const { action: name, request_id: id = null } = frame;
  if (!canEcho(id)) return { action: undefined, bad: "The request_id is nested too deeply.", stream, message };
  if (name === undefined || name === null) {
    return { action: undefined, payload: without(frame, "action", "request_id"), id, stream, message };
  }
  if (typeof name !== "string") return { action: undefined, id, bad: "The action must be a string.", stream, message };
  return { action: prefix + name, payload: without(frame, "action", "request_id"), id, name, stream, message };
}

function readStream(message: Record<string, unknown>, streams: ReadonlySet<string> | undefined): DcrfRequest {
  const { stream, payload } = message;
  if (typeof stream !== "string" || stream === "") return { action: undefined, bad: NO_STREAM, message };
  if (streams && !streams.has(stream)) return { action: undefined, bad: "There is no such stream.", stream, message };
  if (!isRecord(payload)) return { action: undefined, bad: NO_STREAM, stream, message };
  return readFrame(message, payload, stream, streams ? `${stream}.` : "");
}

function readStreams(multiplex: boolean | readonly string[]): ReadonlySet<string> | undefined {
  if (typeof multiplex === "boolean") return undefined;
  if (Array.isArray(multiplex) && multiplex.length > 0 && multiplex.every((one) => typeof one === "string" && one)) {
    const streams = new Set<string>(multiplex);
    checkNames(streams);
    return streams;
  }
  throw misuse("dcrf()", multiplex, "write true, or the names of the streams in a list", "`multiplex`");
}

/**
 * Asserts that no two streams can share an action.
 *
 * @throws {PermissionMisuse} When one starts with another and a dot.
 */
function checkNames(streams: ReadonlySet<string>): void {
  for (const stream of streams) {
    for (let at = stream.indexOf("."); at >= 0; at = stream.indexOf(".", at + 1)) {
      const outer = stream.slice(0, at);
      if (!streams.has(outer)) continue;
      const inner = stream.slice(at + 1);
      throw new PermissionMisuse(
        `dcrf() got the streams "${outer}" and "${stream}" in \`multiplex\`: the action "${inner}.delete" of one would be "delete" of the other: write "${stream.replaceAll(".", "-")}"`,
      );
    }
  }
}
