import type { RuleContext } from "../../rules/rule-context.js";
import type { RuleOptions, Scope } from "../../types.js";

/** The second argument of `authenticate`: facts of the handshake, the same on every transport, and the signal. */
export interface HandshakeFacts
  extends RuleOptions,
    Pick<Scope, "path" | "query" | "headers" | "cookies" | "origin" | "remoteAddress" | "request"> {}

/** Reads the facts of a handshake on demand. */
export class ScopeFacts implements HandshakeFacts {
  readonly #scope: Scope;
  readonly #context: RuleContext;

  /** @param scope The scope of the connection before `authenticate`. */
  constructor(scope: Scope, context: RuleContext) {
    this.#scope = scope;
    this.#context = context;
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
