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
  /** Of ws alone: true when the client has begun to close. */
  readonly _closeFrameReceived?: boolean;
  binaryType: string;
  pause(): void;
  resume(): void;
  terminate(): void;
  close(code?: number, reason?: string): void;
  send(data: string | Uint8Array, callback?: (error?: Error) => void): void;
}

/** The part of a receiver of ws that is used; it reads frames. */
export interface Receiver {
  /** ws reads it for each message: where it is false, the next message comes in the next turn of the event loop. */
  _allowSynchronousEvents: boolean;
  /** Reads what is there, and calls back once more may be written. */
  startLoop(whenRead: () => void): void;
}

/** The private fields of a socket, where this ws has them. */
export interface SocketInternals {
  readonly _receiver?: Partial<Receiver>;
  readonly _socket?: Duplex;
}
