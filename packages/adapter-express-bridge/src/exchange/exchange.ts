import { AsyncResource } from "node:async_hooks";
import { type IncomingMessage, ServerResponse } from "node:http";
import { cancelTimeout, printError, type TimeoutNode, timeoutListOf } from "@portcullis/core/internal";
import type { Derived } from "./derive-request.js";
import type { Ending, Skip } from "./ending.js";
import { makeRequest } from "./make-request.js";
import { factsOf, NullSocket } from "./null-socket.js";
import { Recording } from "./response-recorder.js";

/**
 * One request and its response, made for one evaluation and never used again: a real pair of Node's, on a socket that
 * leads nowhere.
 */
export class Exchange implements TimeoutNode {
  previous: TimeoutNode | undefined;
  next: TimeoutNode | undefined;
  due = 0;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly recording = new Recording();
  /** Resolves once the middlewares have ended. Never rejects. */
  readonly ending: Promise<Ending>;
  readonly #method: string;
  readonly #socket: NullSocket;
  readonly #onLateError: (error: unknown) => void;
  /** The async context of the message. One timer expires for many messages, in the context of the first. */
  readonly #context = new AsyncResource("PortcullisExchange");
  #resolve: ((ending: Ending) => void) | undefined;
  /** What the end of the response stands for. */
  #told: Ending = { how: "answered" };
  /** The status at the end of the chain; -1 where what follows it counts too. */
  #statusAtPass = -1;
  #isOwn = true;

  /**
   * @param timeout Milliseconds until the middlewares must have ended.
   * @param onLateError Hears what is thrown after that.
   */
  constructor(derived: Derived, timeout: number, onLateError: (error: unknown) => void) {
    const { handshake, method, scope } = derived;
    this.#method = method;
    this.#onLateError = onLateError;
    this.#socket = new NullSocket(factsOf(handshake), scope);
    this.request = makeRequest(derived, this.#socket);
    this.response = new ServerResponse(this.request);
    this.ending = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#prepareResponse();
    timeoutListOf(timeout).add(this);
  }

  /** Whether it is settled what the middlewares said. */
  get isEnded(): boolean {
    return this.#resolve === undefined;
  }

  /**
   * The end of the chain is reached: allowed, unless something in the same turn says otherwise. Under another method than
   * its own a request would not reach the route of the action: clients say by a query or a body which one they want.
   *
   * @param goesOn Whether the middlewares end the response themselves, and what they do until then counts.
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

  /** A middleware has failed, or has said that it refuses by an error. */
  fail(error: unknown, status: number): void {
    this.doubt();
    const { how } = this.#told;
    // What is sent already counts; in HTTP too.
    const isAnswered = how === "answered" && this.response.writableEnded;
    if (this.isEnded || isAnswered || how === "failed") this.#tell(error);
    else if (this.response.headersSent) this.#destroyResponse(error);
    else {
      this.response.statusCode = status;
      this.#close({ how: "failed", error });
    }
  }

  /** Something was thrown for which the middlewares end the response themselves: kept for the logs, and it refuses. */
  note(error: unknown): void {
    this.doubt();
    const { how } = this.#told;
    const isAnswered = how === "answered" && this.response.writableEnded;
    if (this.isEnded || isAnswered || how === "failed") this.#tell(error);
    else if (this.response.headersSent) this.#destroyResponse(error);
    else this.#told = { how: "failed", error, isAnswered: true };
  }

  /** The middlewares were to end the response, and cannot any more. */
  failUnanswered(error: unknown): void {
    this.note(error);
    if (this.#told.how === "failed") this.#destroyResponse(this.#told.error);
  }

  /** The middlewares are through: one that has passed and left the response open is not waited for. */
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
   * An answer from here on is not the middlewares' own word: there was an error, or they have said something else
   * before. INVARIANT: `not` turns round nothing but their own word.
   */
  doubt(): void {
    this.#isOwn = false;
  }

  /** The deadline has passed. */
  expire(): void {
    this.#context.runInAsyncScope(() => this.#end({ how: "late" }));
  }

  /** Nobody waits for the answer any more. */
  abort(): void {
    this.#end({ how: "aborted" });
  }

  #tell(error: unknown): void {
    try {
      this.#onLateError(error);
    } catch (cause) {
      printError("onError has thrown:", cause);
    }
  }

  /**
   * Ends the response, so that what waits for its end (sessions, cookies, limits) does its work.
   * INVARIANT: what refuses is never replaced by what allows.
   */
  #close(ending: Ending): void {
    const { how } = this.#told;
    if (this.isEnded || how === "failed" || how === "skipped") return;
    if (how === "answered" && this.response.writableEnded) return;
    this.#told = ending;
    // The end is under way already.
    if (how !== "passed") this.#endResponse();
  }

  #endResponse(): void {
    try {
      this.response.end();
    } catch (error) {
      this.#destroyResponse(error);
    }
  }

  /** An error has cut off a response: the status that was there before it says nothing of it. */
  #destroyResponse(error: unknown): void {
    this.response.statusCode = 500;
    this.#end({ how: "failed", error });
  }

  #finish(): void {
    const { statusCode } = this.response;
    const { how } = this.#told;
    const isRefused = this.#statusAtPass === -1 ? statusCode >= 300 : statusCode >= 400;
    const saysOtherwise = how === "passed" && isRefused && statusCode !== this.#statusAtPass;
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
      // As a server does once it has answered: unread input is dropped, and everybody hears that all is over. Later,
      // since a stream that is destroyed while it tells of its last write makes an error for nobody.
      this.request.resume();
      process.nextTick(() => this.#socket.destroy());
    }
    resolve(ending.how === "answered" && this.#isOwn ? { how: "answered", isOwn: true } : ending);
  }

  #prepareResponse(): void {
    const { response, request } = this;
    const ignore = () => {};
    for (const one of [response, request, this.#socket]) one.on("error", ignore);
    keepHeadersReadable(response);
    this.recording.attach(response);
    response.assignSocket(this.#socket as never);
    response.on("finish", () => this.#finish());
    response.on("close", () => this.#end({ how: "destroyed" }));
  }
}

/** Without a header that was set once, those of `writeHead(status, headers)` could not be read back. */
function keepHeadersReadable(response: ServerResponse): void {
  response.setHeader("x", "");
  response.removeHeader("x");
}
