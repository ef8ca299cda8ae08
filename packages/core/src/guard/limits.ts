import { PermissionMisuse } from "../decision/errors.js";
import { checkKeys, readMilliseconds } from "../decision/read-options.js";
import { show } from "../util/show.js";

/** Limits of one connection. */
export interface Limits {
  /** Milliseconds from accept to the connect decision. Default 10,000. */
  handshake?: number;
  /** Queued messages of one connection, at least 2. Default: limited by `pendingBytes` alone. */
  pendingMessages?: number;
  /**
   * Bytes of the queued messages of one connection. A message counts 512 more than its size, but at most half of this
   * limit, so that two messages of any size have room. The transport limits the size of a single message. Default
   * 1,048,576.
   */
  pendingBytes?: number;
  /** Namespaces that one connection may request at once, and in total, on a transport that has them. Default 100. */
  namespaces?: number;
  /**
   * Bytes of refusals and handler answers that the client of one connection has not read. Messages that the application
   * sends itself do not count. One answer counts at most this limit. A text counts its characters. At the limit,
   * messages of the client are queued, and its socket is paused where the transport can. At twice the limit the
   * connection ends. Default 1,048,576.
   */
  unread?: number;
  /**
   * Handlers of one connection that run beside its queue (`concurrent: true`). At the limit, the next message waits for
   * at most `timeout.action`, and is then refused with `too_many_pending`. The answers of these handlers count together
   * against `unread`. 100 answers of more than 20 KB at the same moment can reach twice its default and end the
   * connection, so lower this limit or raise `unread`. Default 100.
   */
  concurrent?: number;
  /** Undecodable messages of one connection within `undecodableWindow`. One more closes it with 1008. Default 10. */
  undecodable?: number;
  /** Milliseconds. Default 10,000. */
  undecodableWindow?: number;
  /**
   * Milliseconds that `close()` of a guard waits for accepted messages, and then again for connections to go. Default
   * 5,000.
   */
  drain?: number;
}

const DEFAULTS: Required<Limits> = {
  handshake: 10_000,
  pendingMessages: Number.MAX_SAFE_INTEGER,
  pendingBytes: 1_048_576,
  namespaces: 100,
  unread: 1_048_576,
  concurrent: 100,
  undecodable: 10,
  undecodableWindow: 10_000,
  drain: 5_000,
};

const TIMES = ["handshake", "undecodableWindow", "drain"] as const;
const COUNTS = ["pendingMessages", "pendingBytes", "namespaces", "unread", "concurrent", "undecodable"] as const;

/**
 * Checks limits, and fills in the defaults.
 *
 * @throws {PermissionMisuse} When a limit is unknown, or is no number above 0.
 */
export function readLimits(options: Limits = {}): Required<Limits> {
  checkKeys("`limits`", options, Object.keys(DEFAULTS));
  const limits = { ...DEFAULTS, ...options };
  for (const key of TIMES) readMilliseconds(limits[key], `\`limits.${key}\``);
  for (const key of COUNTS) {
    if (!Number.isSafeInteger(limits[key]) || limits[key] < 1) {
      throw new PermissionMisuse(`\`limits.${key}\` is ${show(limits[key])}: give a whole number above 0`);
    }
  }
  return limits;
}
