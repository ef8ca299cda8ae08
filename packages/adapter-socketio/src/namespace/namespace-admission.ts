import { type Decision, PermissionMisuse } from "@portcullis/core";
import {
  type ConnectionConsumer,
  decisionFromError,
  type Handshake,
  type HandshakeEvaluation,
  type HandshakeResult,
  judgeOrigin,
  throwAsync,
} from "@portcullis/core/adapter";
import type { Socket } from "socket.io";
import type { EngineConnection } from "../engine/engine-connection.js";
import { unknownHandshake } from "../engine/handshake-facts.js";
import { type BareSocket, type Done, lackOf } from "../socketio-internals.js";
import type { GuardContext } from "./guard-context.js";
import { connectError, readMiddlewareError } from "./refusal.js";

/** Runs the middlewares of the application. Rejections of their promises go to `fail`. */
export type Middlewares = (done: Done, fail: (error: unknown) => void) => void;

/** The parties of one admission. */
export interface AdmissionOptions {
  readonly context: GuardContext;
  readonly socket: BareSocket;
  readonly engine: EngineConnection;
  readonly handshake: Handshake<Socket>;
  readonly consumer: ConnectionConsumer;
}

/** Decides once whether one socket may be opened, and answers socket.io. */
export class NamespaceAdmission {
  readonly #options: AdmissionOptions;
  /** Answers socket.io; `undefined` once it is answered. */
  #done: Done | undefined;
  #evaluation: HandshakeEvaluation<Socket> | undefined;
  #result: HandshakeResult | undefined;
  #isAsked = false;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** The result of a socket that was admitted. */
  get result(): HandshakeResult | undefined {
    return this.#result;
  }

  /** @param done Is called once, whatever happens. */
  begin(done: Done): void {
    this.#done = done;
  }

  /**
   * Decides: the origin first, then the middlewares of the application, then all else.
   *
   * @param found Why it is refused, where that is known already.
   */
  decide(middlewares: Middlewares, found?: Decision): void {
    if (this.#done === undefined) return;
    const { context, handshake } = this.#options;
    const { gate } = context;
    const fault = found ?? this.#findFault();
    if (fault) this.#answer(connectError(this.report(fault)));
    else if (gate.isClosing || judgeOrigin(gate.origins, handshake.scope({ user: null }))) this.#evaluate();
    else this.#run(middlewares);
  }

  /** Ends the evaluation, which is of no use any more, and refuses. */
  refuse(error: Error, size?: number): void {
    this.#evaluation?.abort();
    this.#answer(error, size);
  }

  /** Ends the evaluation: its decision refuses. */
  abort(): void {
    this.#evaluation?.abort();
  }

  /** Reports a refusal that no rule has made. */
  report(decision: Decision): Decision {
    const { context, handshake, consumer } = this.#options;
    const { gate } = context;
    const about = { scope: handshake.scope({ user: null }), consumer };
    gate.report("connect", "connect", decision, about, undefined, gate.now());
    return decision;
  }

  /** The reason why no rule can be asked. */
  #findFault(): Decision | undefined {
    const { engine, socket } = this.#options;
    if (!engine.facts.isKnown) return unknownHandshake();
    const missing = lackOf(socket);
    if (missing === undefined) return undefined;
    return decisionFromError(
      new PermissionMisuse(`this socket has no \`${missing}\`: use one copy of socket.io`),
      "guard",
    );
  }

  /** An error that they throw is a refusal, and does not end the process. */
  #run(middlewares: Middlewares): void {
    const fail = (error: unknown) => this.#fail(error);
    try {
      middlewares((error) => (error ? this.#refuseForMiddleware(error) : this.#evaluate()), fail);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** @param value The argument of `next`: anything. */
  #refuseForMiddleware(value: unknown): void {
    try {
      const { error, size } = readMiddlewareError(value, this.#options.socket);
      this.refuse(error, size);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.refuse(connectError(this.report(decisionFromError(error, "guard"))));
  }

  #evaluate(): void {
    if (this.#isAsked || this.#done === undefined) return;
    this.#isAsked = true;
    const { context, handshake, consumer } = this.#options;
    this.#evaluation = context.gate.admit(handshake, consumer);
    const { result } = this.#evaluation;
    if (result instanceof Promise) result.then((later) => this.#conclude(later)).catch(throwAsync);
    else this.#conclude(result);
  }

  #conclude(result: HandshakeResult): void {
    const { decision } = result;
    if (decision.outcome !== "allow") this.#answer(connectError(decision));
    else {
      this.#result = result;
      this.#answer();
    }
  }

  /** @param size Characters of the answer that somebody has chosen. */
  #answer(error?: Error, size = error?.message.length ?? 0): void {
    const done = this.#done;
    if (done === undefined) return;
    this.#done = undefined;
    if (error) {
      const { engine, socket } = this.#options;
      engine.charge(size);
      engine.endHandshake(socket.nsp.name);
    }
    done(error);
  }
}
