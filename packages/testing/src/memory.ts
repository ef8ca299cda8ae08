import type { MaybePromise } from "@portcullis/core";

/** A handshake of the transport without a socket. */
export interface MemoryRequest {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The answer to a handshake that is refused. */
export interface MemoryRefusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What may stand between what arrives at a socket and the listeners of the application. */
export interface MemoryFilter {
  /** `pass` hands the text on. */
  onMessage(text: string, pass: () => void): void;
  /** `pass` tells that the connection has ended. `isOrderly`: the other end has closed it. */
  onClose(isOrderly: boolean, pass: () => void): void;
}

type Frame =
  | { readonly text: string; readonly whenRead: (() => void) | undefined }
  | { readonly code: number; readonly reason: string };

/** One end of a connection. What is sent together arrives together, in order, in a later turn of the event loop. */
export class MemorySocket {
  onMessage: (text: string) => void = () => {};
  onClose: (code: number, reason: string) => void = () => {};
  filter: MemoryFilter | undefined;
  /** A silent end never answers the closing of the other. */
  isSilent = false;
  state: "open" | "closing" | "closed" = "open";
  /** The open connections this one is among. */
  among: Set<MemorySocket> | undefined;
  #other: MemorySocket = this;
  #arriving: Frame[] = [];
  #isPaused = false;
  #isScheduled = false;

  /** Makes both ends of a connection. */
  static pair(): [MemorySocket, MemorySocket] {
    const [here, there] = [new MemorySocket(), new MemorySocket()];
    here.#other = there;
    there.#other = here;
    return [here, there];
  }

  /** @param whenRead Called once the other end has read it; never where the connection ends before. */
  send(text: string, whenRead?: () => void): void {
    if (this.state === "open") this.#other.#arrive({ text, whenRead });
  }

  /** Begins an orderly close: it ends when the other end has answered. */
  close(code = 1000, reason = ""): void {
    if (this.state !== "open") return;
    this.state = "closing";
    this.#other.#arrive({ code, reason });
  }

  /** Ends the connection at once, and what is under way with it. */
  terminate(): void {
    this.#end(1006, "", false);
    setImmediate(() => this.#other.#end(1006, "", false));
  }

  /** Holds back what has not arrived yet. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#schedule();
  }

  #arrive(frame: Frame): void {
    this.#arriving.push(frame);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#arriving.length === 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#isPaused) return;
      for (const frame of this.#arriving.splice(0)) this.#take(frame);
    });
  }

  #take(frame: Frame): void {
    if (this.state === "closed") return;
    if ("text" in frame) {
      const pass = () => this.onMessage(frame.text);
      if (this.filter) this.filter.onMessage(frame.text, pass);
      else pass();
      frame.whenRead?.();
    } else if (!this.isSilent) {
      if (this.state === "open") this.#other.#arrive(frame);
      this.#end(frame.code, frame.reason, this.state === "open");
    }
  }

  #end(code: number, reason: string, isOrderly: boolean): void {
    if (this.state === "closed") return;
    this.state = "closed";
    this.among?.delete(this);
    const pass = () => this.onClose(code, reason);
    if (this.filter) this.filter.onClose(isOrderly, pass);
    else pass();
  }
}

/** A server without a socket. */
export class MemoryServer {
  readonly sockets = new Set<MemorySocket>();
  onConnection: (socket: MemorySocket, request: MemoryRequest) => void = () => {};
  /** Asked before a connection is made: refuses it, cuts it, or gets the server's end of it before anybody else. */
  admit:
    | ((
        request: MemoryRequest,
        signal: AbortSignal,
      ) => MaybePromise<MemoryRefusal | "cut" | ((socket: MemorySocket) => void)>)
    | undefined;

  /**
   * Opens a connection.
   *
   * @param prepare Gets the client's end before anything can arrive; what it sends waits for the handshake.
   * @param signal Aborted when the client goes away.
   * @returns The client's end, or the refusal.
   */
  async connect(
    request: MemoryRequest,
    prepare: (socket: MemorySocket) => void,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<MemorySocket | MemoryRefusal | "cut"> {
    const [client, server] = MemorySocket.pair();
    server.pause();
    prepare(client);
    const answer = (await this.admit?.(request, signal)) ?? (() => {});
    if (typeof answer !== "function") return answer;
    if (signal.aborted) return "cut";
    answer(server);
    server.among = this.sockets.add(server);
    this.onConnection(server, request);
    server.resume();
    return client;
  }
}
