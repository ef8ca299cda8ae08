import type { Handler } from "./handler.js";

/**
 * The path of one request through one handler of a chain. INVARIANT: a router passes only if the route that matched
 * last ran to its end. `next("route")`, `next("router")` and a param that skips a route leave out guards.
 */
export class RouterPath {
  /** True when the handler holds a function of `stopAt`. */
  holdsStop = false;
  readonly #own = new WeakSet<object>();
  #through: unknown;
  #isRouterLeft = false;

  /** Adds a copy of a route, which reports its end. */
  add(route: object): void {
    this.#own.add(route);
  }

  /** Records that a route ran to its end. */
  end(route: object): void {
    this.#through = route;
    this.#isRouterLeft = false;
  }

  /** Wraps a function so that a call of `next("router")` is recorded. */
  watch(handler: Handler): Handler {
    const noting = (next: unknown) => (input?: unknown) => {
      if (input === "router") this.#isRouterLeft = true;
      return (next as Handler)(input);
    };
    if (handler.length === 4)
      return (error, request, response, next) => handler(error, request, response, noting(next));
    // Express never calls a function with more parameters.
    return handler.length > 4 ? handler : (request, response, next) => handler(request, response, noting(next));
  }

  /**
   * True when the request left a route or a router before its end.
   *
   * @param route The route that matched last, if any. A route inside a mounted application is not tracked.
   */
  isLeft(route: unknown): boolean {
    if (this.#isRouterLeft) return true;
    return route !== undefined && this.#own.has(route as object) && this.#through !== route;
  }
}
