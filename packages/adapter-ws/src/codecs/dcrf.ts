import { PermissionMisuse } from "@portcullis/core";
import { checkKeys } from "@portcullis/core/adapter";
import { type Codec, canEcho, type Decoded, isRecord, parseJson, without } from "./codec.js";
import { type CodecOptions, readHeartbeat } from "./heartbeat.js";

/** What {@link dcrf} takes. */
export interface DcrfOptions extends CodecOptions {
  /** Puts `{ code, retry }` into the `data` of a refusal. Without it, `data` is null as in the original. */
  codes?: boolean;
  /**
   * Speaks `{ stream, payload }`, as `dcrf-client` does. `true` takes any stream, and the rules do not see which: for
   * a server where all streams mean the same. A list takes those streams alone, and the rules are asked about
   * `"stream.action"`.
   */
  multiplex?: boolean | readonly string[];
}

/** A request of the protocol. */
export interface DcrfRequest extends Decoded {
  readonly id?: unknown;
  /** The action as the client wrote it. */
  readonly name?: string;
  readonly stream?: string | null | undefined;
}

const NOT_READABLE = "The message could not be read: send a JSON object.";
const NO_STREAM = "The message could not be read: send an object with `stream` and `payload`.";

/**
 * The protocol of Django Channels REST Framework: a request is `{ action, request_id, ...payload }`, every answer has
 * exactly `errors`, `data`, `action`, `response_status` and `request_id`.
 *
 * @param options `codes`, `multiplex`, `heartbeat`.
 * @returns A codec.
 * @throws {PermissionMisuse} When an option is unknown or of the wrong type.
 * @example
 * ```ts
 * import { dcrf } from "@portcullis/adapter-ws";
 * const codec = dcrf();
 * const { action, payload } = codec.decode(Buffer.from('{"action":"join","request_id":1,"room":"lobby"}'), false);
 * console.assert(action === "join" && payload?.room === "lobby");
 * ```
 */
export function dcrf(options: DcrfOptions = {}): Codec<DcrfRequest> & Required<Pick<Codec<DcrfRequest>, "reply">> {
  checkKeys("dcrf()", options, ["codes", "multiplex", "heartbeat"]);
  const { codes = false, multiplex = false } = options;
  const streams = readStreams(multiplex);
  const wrap = (stream: string | null | undefined, frame: object) =>
    JSON.stringify(multiplex === false ? frame : { stream: stream ?? null, payload: frame });
  return {
    ...readHeartbeat("dcrf()", options.heartbeat),
    decode(data, isBinary) {
      const value = parseJson(data, isBinary);
      if (!isRecord(value)) return { action: undefined, bad: NOT_READABLE };
      return multiplex === false ? readFrame(value, undefined, "") : readStream(value, streams);
    },
    denied: ({ id = null, name = null, stream }, { code, status, reason, retry, retryAfter }) =>
      wrap(stream, {
        errors: [code === "unknown_action" ? `Method "${name}" not allowed.` : reason],
        data: codes ? { code, retry, retryAfter } : null,
        action: name,
        response_status: status,
        request_id: id,
      }),
    reply: ({ id = null, name, action: asked, stream }, data = null, { status, action }) =>
      wrap(stream, {
        errors: [],
        data,
        action: action === asked ? name : action,
        response_status: status,
        request_id: id,
      }),
  };
}

function readFrame(frame: Record<string, unknown>, stream: string | undefined, prefix: string): DcrfRequest {
  const { action: name, request_id: id = null } = frame;
  if (!canEcho(id)) return { action: undefined, bad: "The request_id is nested too deeply.", stream };
  if (name === undefined || name === null) return { action: undefined, id, stream };
  if (typeof name !== "string") return { action: undefined, id, bad: "The action must be a string.", stream };
  return { action: prefix + name, payload: without(frame, "action", "request_id"), id, name, stream };
}

function readStream(value: Record<string, unknown>, streams: ReadonlySet<string> | undefined): DcrfRequest {
  const { stream, payload } = value;
  if (typeof stream !== "string" || stream === "") return { action: undefined, bad: NO_STREAM };
  if (streams && !streams.has(stream)) return { action: undefined, bad: "There is no such stream.", stream };
  if (!isRecord(payload)) return { action: undefined, bad: NO_STREAM, stream };
  return readFrame(payload, stream, streams ? `${stream}.` : "");
}

function readStreams(multiplex: boolean | readonly string[]): ReadonlySet<string> | undefined {
  if (typeof multiplex === "boolean") return undefined;
  if (Array.isArray(multiplex) && multiplex.length > 0 && multiplex.every((one) => typeof one === "string" && one)) {
    return new Set(multiplex);
  }
  throw new PermissionMisuse("dcrf() got a wrong `multiplex`: write true, or the names of the streams in a list");
}
