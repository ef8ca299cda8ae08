import type { IncomingMessage } from "node:http";
import type { GuardOptions } from "@portcullis/core/adapter";
import { FRAME_OPTIONS, type FrameOptions, type ReadFrameOptions, readFrameOptions } from "@portcullis/core/frames";
import { misuse, readMilliseconds } from "@portcullis/core/internal";

/** Options of {@link guard} and {@link serve}. */
export interface WsGuardOptions<Extra = unknown> extends GuardOptions<IncomingMessage, Extra>, FrameOptions {
  /** Milliseconds for which the first allowed message of a connection waits for a listener. Default 1,000. */
  listenerGrace?: number;
  /**
   * True (default) to share the event loop among connections. At most 48 messages of each are forwarded in one turn,
   * and fewer when many connections send more than that, so that fast senders do not keep the others waiting. `false`
   * leaves the server's own `allowSynchronousEvents` as it is.
   */
  fairScheduling?: boolean;
}

/** The options of this adapter, with their defaults. */
export interface OwnOptions extends ReadFrameOptions {
  readonly listenerGrace: number;
  readonly fairScheduling: boolean;
}

/** The names of the options of this adapter. */
export const OWN_OPTIONS: readonly string[] = [...FRAME_OPTIONS, "listenerGrace", "fairScheduling"];

/**
 * Reads the options of this adapter.
 *
 * @param isServed True for `serve()`.
 * @throws {PermissionMisuse} When one is of the wrong type.
 */
export function readOptions(caller: string, options: WsGuardOptions, isServed: boolean): OwnOptions {
  const { listenerGrace = 1000, fairScheduling = true } = options;
  const shared = readFrameOptions(caller, options, isServed);
  readMilliseconds(listenerGrace, "`listenerGrace`");
  if (typeof fairScheduling !== "boolean") {
    throw misuse(caller, fairScheduling, "write true or false", "`fairScheduling`");
  }
  return { ...shared, listenerGrace, fairScheduling };
}
