import type { TextValue } from "../types.js";

/** The facts of a handshake over HTTP. */
export interface HandshakeInfo {
  /** Name of the transport. */
  readonly transport: string;
  /** Path of the handshake; `undefined` when it cannot be read, which refuses the handshake. */
  readonly path: string | undefined;
  /** The request target, with the query. */
  readonly url: string;
  /** Names are in lower case. */
  readonly headers: Readonly<Record<string, TextValue>>;
  readonly remoteAddress: string | undefined;
  readonly secure: boolean;
  /** Milliseconds since the epoch. */
  readonly connectedAt: number;
  /** The raw handshake. */
  readonly request: unknown;
}
