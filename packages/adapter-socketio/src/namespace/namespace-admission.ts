import { type Decision, PermissionMisuse, type Scope } from "@portcullis/core";
import {
  type Connection,
  decisionFromError,
  type HandshakeEvaluation,
  type HandshakeResult,
  type Session,
  throwAsync,
} from "@portcullis/core/adapter";
import { ignoreRejection, judgeOrigin } from "@portcullis/core/internal";
import type { Socket } from "socket.io";
import type { EngineConnection } from "../engine/engine-connection.js";
import { unknownHandshake } from "../engine/handshake-facts.js";
import { type BareSocket, type Done, lackOf } from "../socketio-internals.js";
import type { Message } from "./event.js";
import type { GuardContext } from "./guard-context.js";
import { connectError, readMiddlewareError } from "./refusal.js";

/** Runs the middlewares of the application. Rejections of their promises go to `fail`. */
export type Middlewares = (done: Done, fail: (error: unknown) => void) => void;

/** The dependencies of one admission. */
export interface AdmissionOptions {
  readonly context: GuardContext;
  readonly socket: BareSocket;
  readonly engine: EngineConnection;
  readonly connection: Connection<Message, Socket> & Required<Pick<Connection, "createScope">>;
}

/** Decides once if one socket may be opened, and answers socket.io. */
export class NamespaceAdmission {
  readonly #options: AdmissionOptions;
  /** Answers socket.io. `undefined` once it is answered. */
  #done: Done | undefined;
  #evaluation: HandshakeEvaluation<Message, Socket> | undefined;
  #scope: Scope | undefined;
  #isAsked = false;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** The scope of an admitted socket that is not open yet. */
  get scope(): Scope | undefined {
    return this.#scope;
  }

  /** Opens the session of an admitted socket, once. */
  open(): Session<Message> {
    const session = (this.#evaluation as HandshakeEvaluation<Message, Socket>).open();
    this.#evaluation = this.#scope = undefined;
    return session;
  }

  /** @param done Called exactly once in any case. */
  begin(done: Done): void {
    this.#done = done;
  }

  /**
   * Checks the origin first, then runs the middlewares of the application, then evaluates the rules.
   *
   * @param found A refusal that is already known.
   */
  decide(middlewares: Middlewares, found?: Decision): void {
    if (this.#done === undefined) return;
    const { context, connection } = this.#options;
    const { gate } = context;
    const fault = found ?? this.#findFault();
    if (fault) this.#answer(connectError(this.report(fault)));
    else if (gate.isClosing || judgeOrigin(gate.origins, connection.createScope({ user: null }))) this.#evaluate();
    else this.#run(middlewares);
  }

  /** Aborts the evaluation, which is not needed any more, and refuses. */
  refuse(error: Error, size?: number): void {
    this.#evaluation?.abort();
    this.#answer(error, size);
  }

  /** Reports a refusal that was not made by a rule. */
  report(decision: Decision): Decision {
    if (this.#evaluation) return this.#evaluation.reject(decision);
    const { context, connection } = this.#options;
    context.gate.admit(connection, decision);
    return decision;
  }

  /** The reason why no rule can be evaluated. */
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

  /** Runs the middlewares of the application. An error that they throw is a refusal, and does not end the process. */
  #run(middlewares: Middlewares): void {
    const fail = (error: unknown) => this.#fail(error);
    try {
      middlewares((error) => (error ? this.#refuseForMiddleware(error) : this.#evaluate()), fail);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** @param value The argument of `next`, which may be anything. */
  #refuseForMiddleware(value: unknown): void {
    try {
      const { error, size } = readMiddlewareError(value, this.#options.socket);
      this.refuse(error, size);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** @param by The part that has thrown, or the option. */
  #fail(error: unknown, by = "guard"): void {
    this.refuse(connectError(this.report(decisionFromError(error, by))));
  }

  #evaluate(): void {
    if (this.#isAsked || this.#done === undefined) return;
    this.#isAsked = true;
    const { context, connection } = this.#options;
    const evaluation = context.gate.admit(connection);
    this.#evaluation = evaluation;
    const { result } = evaluation;
    if (result instanceof Promise) result.then((later) => this.#conclude(later)).catch(throwAsync);
    else this.#conclude(result);
  }

  #conclude({ decision, scope }: HandshakeResult): void {
    if (decision.outcome !== "allow") {
      this.#answer(connectError(decision));
      return;
    }
    const { context, socket } = this.#options;
    try {
      fillData(socket, context.options.data?.(scope));
    } catch (error) {
      this.#fail(error, "data");
      return;
    }
    this.#scope = scope;
    this.#answer();
  }

  /** @param size Characters of the answer that the client or the application has chosen. */
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

/**
 * Puts the result of the option `data` into `socket.data`.
 *
 * @throws {PermissionMisuse} When it is no object, or a promise of one.
 */
function fillData({ data }: { readonly data?: unknown }, values: unknown = {}): void {
  if (ignoreRejection(values) || typeof values !== "object" || values === null || Array.isArray(values)) {
    throw new PermissionMisuse("`data` must return an object at once: await in authenticate()");
  }
  Object.assign(data as object, values);
}
