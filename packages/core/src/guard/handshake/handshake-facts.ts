import type { RuleContext } from "../../rules/rule-context.js";
import type { Payload, RuleOptions, Scope } from "../../types.js";
import type { EvaluationCause } from "./evaluation-cause.js";

/** The second argument of `authenticate`: facts of the handshake, the same on every transport, and the signal. */
export interface HandshakeFacts
  extends RuleOptions,
    Pick<Scope, "path" | "query" | "headers" | "cookies" | "origin" | "remoteAddress" | "request"> {
  /**
   * The payload of a renewal over the open connection (`renew` of `continuity()`): the one that is asked about, or the
   * last one that was accepted. `undefined` before the first one.
   */
  readonly renewal: Payload | undefined;
  /** The present scope of a session that is authenticated again; `undefined` at connect. */
  readonly previous: Scope | undefined;
  /**
   * True when a client is authenticated again that has sent no message since the last time. Such a question is no activity
   * of the user, so it should prolong no login session.
   */
  readonly isIdle: boolean;
}

/** Reads the facts of a handshake on demand. */
export class ScopeFacts implements HandshakeFacts {
  readonly #scope: Scope;
  readonly #context: RuleContext;
  readonly #cause: EvaluationCause;

  /** @param scope The scope of the connection before `authenticate`. */
  constructor(scope: Scope, context: RuleContext, cause: EvaluationCause) {
    this.#scope = scope;
    this.#context = context;
    this.#cause = cause;
  }

  get renewal(): Payload | undefined {
    return this.#cause.renewal;
  }

  get previous(): Scope | undefined {
    return this.#cause.session?.scope;
  }

  get isIdle(): boolean {
    return this.#cause.isIdle === true;
  }

  get path(): Scope["path"] {
    return this.#scope.path;
  }

  get query(): Scope["query"] {
    return this.#scope.query;
  }

  get headers(): Scope["headers"] {
    return this.#scope.headers;
  }

  get cookies(): Scope["cookies"] {
    return this.#scope.cookies;
  }

  get origin(): Scope["origin"] {
    return this.#scope.origin;
  }

  get remoteAddress(): Scope["remoteAddress"] {
    return this.#scope.remoteAddress;
  }

  get request(): Scope["request"] {
    return this.#scope.request;
  }

  get signal(): AbortSignal {
    return this.#context.signal;
  }
}
