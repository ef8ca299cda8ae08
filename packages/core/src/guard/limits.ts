import { PermissionMisuse } from "../decision/errors.js";
import { checkKeys, readMilliseconds } from "../decision/read-options.js";
import { show } from "../util/show.js";

/** What one connection may use up. */
export interface Limits {
  /** Milliseconds from accept to the connect decision. Default 10,000. */
  handshake?: number;
  /** Messages that wait on one connection, at least 2. Default: as many as `pendingBytes` has room for. */
  pendingMessages?: number;
  /**
   * Bytes of the messages that wait on one connection. Each counts 512 more than its own, and at most half of this: the
   * transport limits the size of one message, and two of any size have room. Default 1,048,576.
   */
  pendingBytes?: number;
  /** Namespaces that one connection may ask for at once, and all in all, on a transport that has them. Default 100. */
  namespaces?: number;
  /**
   * Bytes that were answered on one connection (refusals, answers of handlers) and that the client has not read; what the
   * application sends by itself does not count, and one answer counts at most this. Then its messages wait, and it is not
   * read where the transport can; at twice this the connection ends. Of a text its characters are counted. Default
   * 1,048,576.
   */
  unread?: number;
  /**
   * Handlers of one connection that run beside its queue (`concurrent: true`). The next message waits for at most
   * `timeout.action`, then it is answered `too_many_pending`. Their answers count together against `unread`: 100 of more
   * than 20 KB at the same moment can reach twice its default and end the connection, so lower this or raise `unread`.
   * Default 100.
   */
  concurrent?: number;
  /** Undecodable messages within `undecodableWindow`. Default 10. */
  undecodable?: number;
  /** Milliseconds. Default 10,000. */
  undecodableWindow?: number;
  /** Milliseconds that `close()` of a guard waits for what was accepted, and then for clients to go. Default 5,000. */
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
 * Fills in the defaults.
 *
 * @throws {PermissionMisuse} When a limit is unknown or no number above 0.
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
