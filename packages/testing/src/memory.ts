import type { MaybePromise } from "@portcullis/core";

/** A handshake of the in-memory transport. */
export interface MemoryRequest {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The answer to a refused handshake. */
export interface MemoryRefusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Filters the events of a socket before the listeners of the application. */
export interface MemoryFilter {
  /** Handles a received text. `pass` forwards it to the application. */
  onMessage(text: string, pass: () => void): void;
  /** Handles the end. `isOrderly` is true when the other end has closed. `pass` forwards the close event. */
  onClose(isOrderly: boolean, pass: () => void): void;
}

type Frame =
  | { readonly text: string; readonly whenRead: (() => void) | undefined }
  | { readonly code: number; readonly reason: string };

/** One end of a connection. Texts sent together arrive together, in order, in a later turn of the event loop. */
export class MemorySocket {
  onMessage: (text: string) => void = () => {};
  onClose: (code: number, reason: string) => void = () => {};
  filter: MemoryFilter | undefined;
  /** True for an end that never answers the close of the other. */
  isSilent = false;
  state: "open" | "closing" | "closed" = "open";
  /** The set of open connections that contains this one. */
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

  /** @param whenRead Called once the other end has read the text; never when the connection ends before. */
  send(text: string, whenRead?: () => void): void {
    if (this.state === "open") this.#other.#arrive({ text, whenRead });
  }

  /** Starts an orderly close, which ends when the other end has answered. */
  close(code = 1000, reason = ""): void {
    if (this.state !== "open") return;
    this.state = "closing";
    this.#other.#arrive({ code, reason });
  }

  /** Ends the connection at once. Texts in transit are lost. */
  terminate(): void {
    this.#end(1006, "", false);
    setImmediate(() => this.#other.#end(1006, "", false));
  }

  /** Holds texts that have not been delivered yet. */
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

/** A server of the in-memory transport. */
export class MemoryServer {
  readonly sockets = new Set<MemorySocket>();
  onConnection: (socket: MemorySocket, request: MemoryRequest) => void = () => {};
  /** Runs before a connection is made. Returns a refusal, `"cut"`, or a function that gets the server's end first. */
  admit:
    | ((
        request: MemoryRequest,
        signal: AbortSignal,
      ) => MaybePromise<MemoryRefusal | "cut" | ((socket: MemorySocket) => void)>)
    | undefined;

  /**
   * Opens a connection.
   *
   * @param prepare Gets the client's end before anything can arrive. Texts that it sends wait for the handshake.
   * @param signal Aborted when the client leaves.
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
