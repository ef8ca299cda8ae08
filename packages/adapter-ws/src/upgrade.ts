import type { IncomingMessage } from "node:http";
import type { Decision } from "@portcullis/core";
import { decisionFromError, type HandshakeResult, throwAsync } from "@portcullis/core/adapter";
import { openAnswerHeaders } from "@portcullis/core/frames";
import type { WebSocketServer } from "ws";
import { WsConnection } from "./connection.js";
import type { GuardContext } from "./guard-context.js";
import { HandshakeTimeout } from "./handshake-timeout.js";
import { type Answer, ClosingServer, readNo, refuseWithStatus } from "./refuse.js";

/** The first argument that ws passes to `verifyClient`. */
export interface VerifyClientInfo {
  readonly origin: string;
  readonly secure: boolean;
  readonly req: IncomingMessage;
}

/** The application's own `verifyClient`, with or without a callback. */
export type VerifyClient = (info: VerifyClientInfo, answer?: Answer) => unknown;

/** Decides handshakes, between the request of a client and the answer of ws. */
export class Upgrade {
  readonly timeout: HandshakeTimeout;
  /** The application's own `verifyClient`, which runs before the rules. */
  readonly #application: VerifyClient | undefined;
  readonly #closing: ClosingServer | undefined;
  #next: WsConnection | undefined;

  /** @param wss The server, before its options are changed. */
  constructor(
    private readonly wss: WebSocketServer,
    private readonly context: GuardContext,
  ) {
    this.#application = (wss.options.verifyClient ?? undefined) as VerifyClient | undefined;
    this.timeout = new HandshakeTimeout(context.gate.limits.handshake);
    this.#closing = context.options.refuse === "close" ? new ClosingServer() : undefined;
  }

  /** Takes the connection that is being opened. ws creates its socket inside the call `answer(true)`. */
  takeConnection(): WsConnection | undefined {
    const next = this.#next;
    this.#next = undefined;
    return next;
  }

  /** Handles one handshake. ws calls it. */
  verify(info: VerifyClientInfo, answer: Answer): void {
    const connection = new WsConnection(this.context, info.req);
    openAnswerHeaders(info.req);
    this.timeout.ask(info.req.socket);
    if (this.#application === undefined) this.#admit(connection, answer);
    else this.#askApplication(this.#application, connection, info, answer);
  }

  /** Calls `verifyClient` as ws does. Beyond ws, it may return a promise, and a second answer is ignored. */
  #askApplication(application: VerifyClient, connection: WsConnection, info: VerifyClientInfo, answer: Answer): void {
    let isAnswered = false;
    const once: Answer = (isVerified, ...refusal) => {
      if (isAnswered) return;
      isAnswered = true;
      if (isVerified) this.#admit(connection, answer);
      else {
        this.timeout.end(info.req.socket);
        if (!this.#dropGone(connection)) answer(false, ...readNo(refusal));
      }
    };
    const fail = (error: unknown) => {
      if (isAnswered) return throwAsync(error);
      isAnswered = true;
      this.#admit(connection, answer, decisionFromError(error, "verifyClient"));
    };
    try {
      const hasCallback = application.length === 2;
      const verified: unknown = hasCallback
        ? application.call(this.wss.options, info, once)
        : application.call(this.wss.options, info);
      if (typeof (verified as Partial<PromiseLike<unknown>> | undefined)?.then === "function") {
        Promise.resolve(verified)
          .then((later) => hasCallback || once(Boolean(later)))
          .catch(fail);
      } else if (!hasCallback) once(Boolean(verified));
    } catch (error) {
      fail(error);
    }
  }

  /** @param refusal Refuses the handshake without asking the rules. */
  #admit(connection: WsConnection, answer: Answer, refusal?: Decision): void {
    const { socket } = connection.request;
    if (refusal === undefined && this.#dropGone(connection)) return;
    const evaluation = this.context.gate.admit(connection, refusal);
    connection.evaluation = evaluation;
    const { result } = evaluation;
    if (!(result instanceof Promise)) {
      this.#conclude(connection, result, answer);
      return;
    }
    const leave = () => evaluation.abort();
    // A client that leaves causes `end` (FIN), or `close` alone (RST).
    socket.on("end", leave);
    socket.on("close", leave);
    result
      .then((settled) => {
        socket.off("end", leave);
        socket.off("close", leave);
        this.#conclude(connection, settled, answer);
      })
      .catch(throwAsync);
  }

  #conclude(connection: WsConnection, { decision }: HandshakeResult, answer: Answer): void {
    this.timeout.end(connection.request.socket);
    if (this.#dropGone(connection)) return;
    if (decision.outcome !== "allow") this.#refuse(connection, decision, answer);
    else this.#open(connection, answer);
  }

  /** INVARIANT: ws creates the socket before `answer` returns, so no other handshake can come between. */
  #open(connection: WsConnection, answer: Answer): void {
    this.#next = connection;
    const { socket } = connection.request;
    try {
      answer(true);
    } finally {
      this.#next = undefined;
      // The socket is of another class than the guard's, or does not exist because the application has thrown.
      if (connection.raw === undefined && !socket.writableEnded) socket.destroy();
    }
  }

  #refuse(connection: WsConnection, decision: Decision, answer: Answer): void {
    const { request, evaluation } = connection;
    try {
      if (this.#closing) this.#closing.refuse(request, decision);
      else refuseWithStatus(request, decision, this.context.options.challenge, answer);
    } catch (error) {
      evaluation?.reject(decisionFromError(error, "guard"));
      request.socket.destroy();
    }
  }

  /** Destroys the connection of a client that has left, without an answer. Returns true when it has left. */
  #dropGone(connection: WsConnection): boolean {
    if (!connection.isGone) return false;
    this.timeout.end(connection.request.socket);
    connection.request.socket.destroy();
    return true;
  }
}
