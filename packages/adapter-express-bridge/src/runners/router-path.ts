import type { Handler } from "./handler.js";

/**
 * The way of one request through one handler of a chain. INVARIANT: a router lets pass only where the route that matched
 * last was run to its end: by `next("route")`, `next("router")`, or a param that skips it, guards are left out.
 */
export class RouterPath {
  /** Whether there are functions in it that are not to be run. */
  holdsStop = false;
  readonly #own = new WeakSet<object>();
  #through: unknown;
  #isRouterLeft = false;

  /** Adds a copy of a route, which tells of its end. */
  add(route: object): void {
    this.#own.add(route);
  }

  /** A route was run to its end. */
  end(route: object): void {
    this.#through = route;
    this.#isRouterLeft = false;
  }

  /** The same function; it is noted that it leaves its router. */
  watch(handler: Handler): Handler {
    const noting = (next: unknown) => (input?: unknown) => {
      if (input === "router") this.#isRouterLeft = true;
      return (next as Handler)(input);
    };
    if (handler.length === 4)
      return (error, request, response, next) => handler(error, request, response, noting(next));
    // One with more parameters is never called.
    return handler.length > 4 ? handler : (request, response, next) => handler(request, response, noting(next));
  }

  /**
   * Whether something was left out.
   *
   * @param route The route that matched last, if any. One inside a mounted application is not known.
   */
  isLeft(route: unknown): boolean {
    if (this.#isRouterLeft) return true;
    return route !== undefined && this.#own.has(route as object) && this.#through !== route;
  }
}
