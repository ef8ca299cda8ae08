import type { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";

/** `readyState` of an open socket. */
export const OPEN = 1;
/** `readyState` of a closed socket. */
export const CLOSED = 3;
/** The close code that ws reports for a connection that ended without a close frame (RFC 6455, section 7.4.1). */
export const ABNORMAL_CLOSURE = 1006;

/** The part of a socket of ws that is used. */
export interface BareSocket extends EventEmitter {
  readonly readyState: number;
  readonly bufferedAmount: number;
  readonly isPaused: boolean;
  /** Private to ws. True when the client's close frame was read. */
  readonly _closeFrameReceived?: boolean;
  binaryType: string;
  pause(): void;
  resume(): void;
  terminate(): void;
  close(code?: number, reason?: string): void;
  send(data: string | Uint8Array, callback?: (error?: Error) => void): void;
}

/** The part of the frame parser of ws that is used. */
export interface Receiver {
  /** Read by ws for each message. When false, the next message is emitted in the next turn of the event loop. */
  _allowSynchronousEvents: boolean;
  /** Parses the buffered bytes, and calls back once more may be written. */
  startLoop(whenRead: () => void): void;
}

/** The private fields of a socket, in versions of ws that have them. */
export interface SocketInternals {
  readonly _receiver?: Partial<Receiver>;
  readonly _socket?: Duplex;
}
