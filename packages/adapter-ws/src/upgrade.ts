import type { IncomingMessage } from "node:http";
import type { Decision } from "@portcullis/core";
import { decisionFromError, type HandshakeResult, openAnswerHeaders, throwAsync } from "@portcullis/core/adapter";
import type { WebSocketServer } from "ws";
import { HandshakeTimeout } from "./handshake-timeout.js";
import { type GuardContext, WsConnection } from "./connection.js";
import { type Answer, ClosingServer, readNo, refuseWithStatus } from "./refuse.js";

/** What ws tells `verifyClient` of a handshake. */
export interface VerifyClientInfo {
  readonly origin: string;
  readonly secure: boolean;
  readonly req: IncomingMessage;
}

/** The application's own `verifyClient`, of either form. */
export type VerifyClient = (info: VerifyClientInfo, answer?: Answer) => unknown;

/** Decides handshakes: between the request of a client and the answer of ws. */
export class Upgrade {
  readonly clock: HandshakeTimeout;
  readonly #closing: ClosingServer | undefined;
  #next: WsConnection | undefined;

  /**
   * @param application The application's own `verifyClient`, which is asked first.
   * @param challenge What a 401 says in `WWW-Authenticate`.
   */
  constructor(
    private readonly front: GuardContext,
    private readonly wss: WebSocketServer,
    private readonly application: VerifyClient | undefined,
    private readonly challenge: string,
    refuse: "status" | "close",
  ) {
    this.clock = new HandshakeTimeout(front.gate.limits.handshake);
    this.#closing = refuse === "close" ? new ClosingServer() : undefined;
  }

  /** The connection that is being opened: from the moment ws is told yes until it makes the socket, which is at once. */
  take(): WsConnection | undefined {
    const next = this.#next;
    this.#next = undefined;
    return next;
  }

  /** What ws calls for each handshake. */
  verify(info: VerifyClientInfo, answer: Answer): void {
    const connection = new WsConnection(this.front, info.req);
    openAnswerHeaders(info.req);
    this.clock.ask(info.req.socket);
    if (this.application === undefined) this.#admit(connection, answer);
    else this.#askApplication(this.application, connection, info, answer);
  }

  /** As ws asks it, but that it may answer with a promise, and that a second answer is ignored. */
  #askApplication(application: VerifyClient, connection: WsConnection, info: VerifyClientInfo, answer: Answer): void {
    let isAnswered = false;
    const once: Answer = (isVerified, ...refusal) => {
      if (isAnswered) return;
      isAnswered = true;
      if (isVerified) this.#admit(connection, answer);
      else {
        this.clock.end(info.req.socket);
        if (!this.#hasLeft(connection)) answer(false, ...readNo(refusal));
      }
    };
    const fail = (error: unknown) => {
      if (isAnswered) return throwAsync(error);
      isAnswered = true;
      this.#fail(connection, error, answer);
    };
    try {
      const hasCallback = application.length === 2;
      const given = hasCallback
        ? application.call(this.wss.options, info, once)
        : application.call(this.wss.options, info);
      if (typeof (given as Partial<PromiseLike<unknown>> | undefined)?.then === "function") {
        Promise.resolve(given)
          .then((later) => hasCallback || once(Boolean(later)))
          .catch(fail);
      } else if (!hasCallback) once(Boolean(given));
    } catch (error) {
      fail(error);
    }
  }

  #admit(connection: WsConnection, answer: Answer): void {
    const { socket } = connection.request;
    if (this.#hasLeft(connection)) return;
    const admission = this.front.gate.admit(connection, connection.consumer);
    const { result } = admission;
    if (!(result instanceof Promise)) {
      this.#conclude(connection, result, answer);
      return;
    }
    connection.admission = admission;
    const leave = () => admission.abort();
    // A client that goes away says so by `end` (FIN) or by `close` alone (RST).
    socket.on("end", leave);
    socket.on("close", leave);
    result
      .then((admitted) => {
        socket.off("end", leave);
        socket.off("close", leave);
        connection.admission = undefined;
        this.#conclude(connection, admitted, answer);
      })
      .catch(throwAsync);
  }

  #conclude(connection: WsConnection, admitted: HandshakeResult, answer: Answer): void {
    const { decision } = admitted;
    this.clock.end(connection.request.socket);
    if (this.#hasLeft(connection)) return;
    if (decision.outcome !== "allow") this.#refuse(connection, decision, answer);
    else this.#open(connection, admitted, answer);
  }

  /** INVARIANT: ws makes the socket before `answer` returns, so no other handshake can come between. */
  #open(connection: WsConnection, admitted: HandshakeResult, answer: Answer): void {
    connection.admit(admitted);
    this.#next = connection;
    const { socket } = connection.request;
    try {
      answer(true);
    } finally {
      this.#next = undefined;
      // Made of another class than the guard's, or not at all since the application has thrown: it must not live.
      if (connection.socket === undefined && !socket.writableEnded) socket.destroy();
    }
  }

  #refuse(connection: WsConnection, decision: HandshakeResult["decision"], answer: Answer): void {
    try {
      if (this.#closing) this.#closing.refuse(connection.request, decision);
      else refuseWithStatus(connection.request, decision, this.challenge, answer);
    } catch (error) {
      this.#report(connection, decisionFromError(error, "guard"));
      connection.request.socket.destroy();
    }
  }

  #fail(connection: WsConnection, error: unknown, answer: Answer): void {
    const decision = decisionFromError(error, "verifyClient");
    this.#report(connection, decision);
    this.clock.end(connection.request.socket);
    if (!this.#hasLeft(connection)) this.#refuse(connection, decision, answer);
  }

  #report(connection: WsConnection, decision: Decision): void {
    const { gate } = this.front;
    const about = { scope: connection.scope({ user: null }), consumer: connection.consumer };
    gate.report("connect", "connect", decision, about, undefined, gate.now());
  }

  /** A client that has gone away is answered nothing. */
  #hasLeft(connection: WsConnection): boolean {
    if (!connection.isGone) return false;
    this.clock.end(connection.request.socket);
    connection.request.socket.destroy();
    return true;
  }
}
