import type { WebSocket } from "ws";
import { closeSoon } from "./close.js";
import type { WsConnection } from "./connection.js";
import { type BareSocket, CLOSED } from "./ws-internals.js";

const BLOB = "blob";

type Listener = (...values: unknown[]) => void;

/** The socket class of a guarded server. */
export interface GuardedClass {
  new (...values: never[]): BareSocket;
  /** The connection of an admitted socket of this class; `undefined` for all other objects. */
  connectionOf(socket: object): WsConnection | undefined;
}

/**
 * Extends the socket class of a server. All events pass the gate, whichever method added the listener.
 *
 * @param Base The server's own option `WebSocket`.
 * @param take Returns the connection that is being opened. A socket without one forwards no messages.
 */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: it is one class, made for each server
export function guardedClass(Base: typeof WebSocket, take: () => WsConnection | undefined): GuardedClass {
  const Bare = Base as unknown as new (...values: never[]) => BareSocket;

  return class GuardedSocket extends Bare {
    readonly #connection: WsConnection | undefined;

    // INVARIANT: the constructor of `Base` may call any method before `#connection` exists. Nothing is admitted then.
    static connectionOf(socket: object): WsConnection | undefined {
      return #connection in socket ? socket.#connection : undefined;
    }

    constructor(...values: never[]) {
      super(...values);
      this.#connection = take();
    }

    override emit(event: string | symbol, ...values: unknown[]): boolean {
      const connection = GuardedSocket.connectionOf(this);
      if (event === "message") {
        connection?.fairShare?.take();
        return connection?.receive(values[0] as never, isBinary(values[0], values[1])) ?? false;
      }
      if (event === "ping" || event === "pong") connection?.fairShare?.take();
      else if (event === "open" && #connection in this) open(this, connection);
      else if (event === "close" && connection?.handleClose(values)) return true;
      else if (event === "error" && connection?.handleError()) return false;
      return super.emit(event, ...values);
    }

    override on(event: string | symbol, listener: Listener): this {
      super.on(event, listener);
      if (event === "message") GuardedSocket.connectionOf(this)?.noteListener();
      return this;
    }

    override addListener(event: string | symbol, listener: Listener): this {
      super.addListener(event, listener);
      if (event === "message") GuardedSocket.connectionOf(this)?.noteListener();
      return this;
    }

    override prependListener(event: string | symbol, listener: Listener): this {
      super.prependListener(event, listener);
      if (event === "message") GuardedSocket.connectionOf(this)?.noteListener();
      return this;
    }

    /** A Blob can only be read asynchronously. The gate reads bytes, and makes Blobs of them when it emits them. */
    override get binaryType(): string {
      return GuardedSocket.connectionOf(this)?.wantsBlobs ? BLOB : super.binaryType;
    }

    override set binaryType(type: string) {
      super.binaryType = type;
      const connection = GuardedSocket.connectionOf(this);
      if (connection === undefined) return;
      connection.wantsBlobs = super.binaryType === BLOB;
      if (connection.wantsBlobs) super.binaryType = "nodebuffer";
    }

    /** True when the application has paused the socket. Pauses of the guard do not count. */
    override get isPaused(): boolean {
      return GuardedSocket.connectionOf(this)?.isPausedByApplication ?? super.isPaused;
    }

    override pause(): void {
      notePause(this, GuardedSocket.connectionOf(this), true);
      super.pause();
    }

    override resume(): void {
      const connection = GuardedSocket.connectionOf(this);
      notePause(this, connection, false);
      if (!connection?.isPaused) super.resume();
    }

    override close(code?: number, reason?: string): void {
      const close = () => super.close(code, reason);
      if (!GuardedSocket.connectionOf(this)?.deferClose(close)) close();
    }

    override terminate(): void {
      GuardedSocket.connectionOf(this)?.session?.end();
      super.terminate();
    }
  };
}

/** Opens an admitted socket. A socket without a connection did not pass the guard, and is closed. */
function open(socket: BareSocket, connection: WsConnection | undefined): void {
  if (connection) {
    // A class of the application may have set it in its constructor, before the setter could note it.
    const { binaryType } = socket;
    socket.binaryType = binaryType;
    connection.open(socket);
  } else {
    // The application may have no listener on this socket, and an error without a listener would end the process.
    socket.on("error", () => {});
    closeSoon(socket, 1011, "not admitted");
  }
}

/** Records a pause by the application. As in ws, a closed socket keeps its state. */
function notePause(socket: BareSocket, connection: WsConnection | undefined, isPaused: boolean): void {
  if (connection && socket.readyState !== CLOSED) connection.isPausedByApplication = isPaused;
}

/** An application that emits a message again may leave out the flag of ws. Bytes stay bytes then. */
function isBinary(data: unknown, flag: unknown): boolean {
  return (flag as boolean | undefined) ?? typeof data !== "string";
}
