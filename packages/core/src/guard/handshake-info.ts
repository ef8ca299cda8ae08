import type { TextValue } from "../types.js";

/** The facts of a handshake over HTTP. */
export interface HandshakeInfo {
  /** Name of the transport. */
  readonly transport: string;
  /** Path of the handshake; `undefined` where it has none that can be read. */
  readonly path: string | undefined;
  /** What was asked for, with the query. */
  readonly url: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, TextValue>>;
  readonly remoteAddress: string | undefined;
  readonly secure: boolean;
  /** Milliseconds since the epoch. */
  readonly connectedAt: number;
  /** The raw handshake. */
  readonly request: unknown;
}
