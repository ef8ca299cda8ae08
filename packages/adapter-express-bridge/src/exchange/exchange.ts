import { AsyncResource } from "node:async_hooks";
import { type IncomingMessage, ServerResponse } from "node:http";
import { cancelTimeout, ErrorPrinter, type TimeoutNode, timeoutListOf } from "@portcullis/core/internal";
import { makeWithPrototype, type Prototypes } from "./class-with-prototype.js";
import type { Ending, Skip } from "./ending.js";
import type { Derived } from "./make-request.js";
import { makeRequest } from "./make-request.js";
import { factsOf, NullSocket } from "./null-socket.js";
import { Recording } from "./response-recorder.js";

/** The limits of an exchange, and the application to which it belongs. */
export interface ExchangeLimits {
  /** Milliseconds until the middlewares must have ended. */
  readonly timeout: number;
  /** Receives errors that are thrown after the end. */
  readonly onError: (error: unknown) => void;
  /** The application whose prototypes request and response have. */
  readonly app?: Prototypes | null;
}

/** One for the process, because an exchange serves one message. */
const PRINTER = new ErrorPrinter();

/**
 * One request and its response, made for one evaluation and never reused. Both are real objects of Node, on a socket
 * that sends nothing.
 */
export class Exchange implements TimeoutNode {
  previous: TimeoutNode | undefined;
  next: TimeoutNode | undefined;
  due = 0;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly recording = new Recording();
  /** Says what the middleware that runs still owes, for the cause of a timeout. */
  explainSilence: (() => Error) | undefined;
  /** Resolves once the middlewares have ended. Never rejects. */
  readonly ending: Promise<Ending>;
  readonly #method: string;
  readonly #socket: NullSocket;
  readonly #onLateError: (error: unknown) => void;
  /** The async context of the message. One timer expires for many messages, in the context of the first. */
  readonly #context = new AsyncResource("PortcullisExchange");
  #resolve: ((ending: Ending) => void) | undefined;
  /** The ending to report when the response ends. */
  #told: Ending = { how: "answered" };
  /** The status when the end of the chain was reached. -1 when everything up to the end of the response counts too. */
  #statusAtPass = -1;
  #isOwn = true;

  constructor(derived: Derived, { timeout, onError, app }: ExchangeLimits) {
    const { handshake, method, scope } = derived;
    this.#method = method;
    this.#onLateError = onError;
    this.#socket = new NullSocket(factsOf(handshake), scope);
    this.request = makeRequest(derived, this.#socket, app?.request);
    this.response = makeWithPrototype(ServerResponse, app?.response, this.request);
    this.ending = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#prepareResponse();
    timeoutListOf(timeout).add(this);
  }

  /** True when the ending is settled. */
  get isEnded(): boolean {
    return this.#resolve === undefined;
  }

  /**
   * The end of the chain was reached. The request is allowed, unless something in the same turn contradicts. A request
   * whose method a middleware changed is skipped, because it would not reach the route of the action. Such middlewares
   * let a client choose the method by a query or a body.
   *
   * @param goesOn True when the middlewares end the response themselves, and everything they do until then counts.
   */
  pass(goesOn = false): void {
    this.doubt();
    if (this.isEnded || this.#told.how !== "answered") return;
    if (this.response.headersSent) this.#end({ how: "answered" });
    else if (this.request.method !== this.#method) this.skip("method", goesOn);
    else if (goesOn) this.#told = { how: "passed" };
    else {
      this.#statusAtPass = this.response.statusCode;
      void Promise.resolve()
        .then(() => undefined)
        .then(() => this.#close({ how: "passed" }));
    }
  }

  /** A middleware failed, or refused by an error. */
  fail(error: unknown, status: number): void {
    this.doubt();
    const { how } = this.#told;
    // A response that was already sent counts, as over HTTP.
    const isAnswered = how === "answered" && this.response.writableEnded;
    if (this.isEnded || isAnswered || how === "failed") this.#tell(error);
    else if (this.response.headersSent) this.#destroyResponse(error);
    else {
      this.response.statusCode = status;
      this.#close({ how: "failed", error });
    }
  }

  /** Keeps an error for the logs. The middlewares end the response themselves, and the ending refuses. */
  note(error: unknown): void {
    this.doubt();
    const { how } = this.#told;
    const isAnswered = how === "answered" && this.response.writableEnded;
    if (this.isEnded || isAnswered || how === "failed") this.#tell(error);
    else if (this.response.headersSent) this.#destroyResponse(error);
    else this.#told = { how: "failed", error, isAnswered: true };
  }

  /** Records an error after which the middlewares cannot end the response any more. */
  failUnanswered(error: unknown): void {
    this.note(error);
    if (this.#told.how === "failed") this.#destroyResponse(this.#told.error);
  }

  /** All middlewares have returned. A response that is still open after a pass is ended. */
  complete(): void {
    if (this.#told.how === "passed" && !this.isEnded && !this.response.writableEnded) this.#endResponse();
  }

  /** The chain was left without an answer. */
  skip(why: Skip, goesOn = false): void {
    this.doubt();
    if (goesOn) {
      if (this.#told.how === "answered") this.#told = { how: "skipped", why };
      return;
    }
    if (!this.response.headersSent) this.response.statusCode = 404;
    this.#close({ how: "skipped", why });
  }

  /**
   * Marks every later answer as not the middlewares' own, because there was an error or a different answer before.
   * INVARIANT: `not` negates only answers of the middlewares' own.
   */
  doubt(): void {
    this.#isOwn = false;
  }

  /** The deadline has passed. */
  expire(): void {
    this.#context.runInAsyncScope(() => this.#end({ how: "late", cause: this.explainSilence?.() }));
  }

  /** The caller does not wait for the answer any more. A `destroy` of the middlewares may throw. */
  abort(): void {
    try {
      this.#context.runInAsyncScope(() => this.#end({ how: "aborted" }));
    } catch (error) {
      this.#tell(error);
    }
  }

  #tell(error: unknown): void {
    try {
      this.#onLateError(error);
    } catch (cause) {
      PRINTER.print("onError has thrown", cause);
    }
  }

  /**
   * Ends the response, so that listeners for its end (sessions, cookies, limits) do their work. INVARIANT: an allowing
   * ending never replaces a refusing one.
   */
  #close(ending: Ending): void {
    const { how } = this.#told;
    if (this.isEnded || how === "failed" || how === "skipped") return;
    if (how === "answered" && this.response.writableEnded) return;
    this.#told = ending;
    // After a pass, the end of the response is already under way.
    if (how !== "passed") this.#endResponse();
  }

  #endResponse(): void {
    try {
      this.response.end();
    } catch (error) {
      this.#destroyResponse(error);
    }
  }

  /** Ends a response that an error has cut off. Its earlier status does not describe the error, so it becomes 500. */
  #destroyResponse(error: unknown): void {
    this.response.statusCode = 500;
    this.#end({ how: "failed", error });
  }

  #finish(): void {
    const { statusCode } = this.response;
    const isRefused = this.#statusAtPass === -1 ? statusCode >= 300 : statusCode >= 400;
    const saysOtherwise = this.#told.how === "passed" && isRefused && statusCode !== this.#statusAtPass;
    this.#end(saysOtherwise ? { how: "answered" } : this.#told);
  }

  #end(ending: Ending): void {
    const resolve = this.#resolve;
    if (resolve === undefined) return;
    this.#resolve = undefined;
    cancelTimeout(this);
    if (ending.how === "late" || ending.how === "aborted") {
      this.request.destroy();
      this.#socket.destroy();
    } else {
      // Like a server after its answer, this drops unread input and closes the socket. It does so in the next tick,
      // because a stream that is destroyed while it reports its last write emits an error without a receiver.
      this.request.resume();
      process.nextTick(() => this.#socket.destroy());
    }
    resolve(ending.how === "answered" && this.#isOwn ? { how: "answered", isOwn: true } : ending);
  }

  #prepareResponse(): void {
    const { response, request } = this;
    for (const one of [response, request, this.#socket]) one.on("error", () => {});
    keepHeadersReadable(response);
    this.recording.attach(response);
    response.assignSocket(this.#socket as never);
    response.on("finish", () => this.#finish());
    response.on("close", () => this.#end({ how: "destroyed" }));
  }
}

/** Sets and removes one header. Otherwise the headers of `writeHead(status, headers)` could not be read back. */
function keepHeadersReadable(response: ServerResponse): void {
  response.setHeader("x", "");
  response.removeHeader("x");
}
