import type { Exchange } from "../exchange/exchange.js";
import { Call } from "./call.js";
import { canBeAsked, type Layer } from "./express-routes.js";
import type { Handler } from "./handler.js";

/**
 * The path of one request through one handler of a chain. It counts the functions that the request has reached.
 * INVARIANTS: a router passes only if a function of its own ran, and only if the route that matched last ran to its
 * end. `next("route")`, `next("router")` and a param that skips a route leave out guards.
 */
export class RouterPath {
  /** True when the handler holds a function of `stopAt`. */
  holdsStop = false;
  readonly #exchange: Exchange;
  readonly #caller: string;
  readonly #own = new WeakSet<object>();
  #through: unknown;
  #isLeft = false;
  #asked = 0;
  #isAskedByPath = false;
  #hasFallenThrough = false;

  /** @param caller The name of the caller in messages, for example `fromExpress()`. */
  constructor(exchange: Exchange, caller: string) {
    this.#exchange = exchange;
    this.#caller = caller;
  }

  /**
   * True when the router has asked nobody about the request. That is also true for a router inside of it, unless a
   * function beside it ran because of its path.
   */
  get isUnmatched(): boolean {
    return this.#asked === 0 || (this.#hasFallenThrough && !this.#isAskedByPath);
  }

  /** Adds a copy of a route, which reports its end. */
  add(route: object): void {
    this.#own.add(route);
  }

  /** Records that a route ran to its end. */
  end(route: object): void {
    this.#through = route;
    this.#isLeft = false;
  }

  /** A router begins. Wraps its `next`, so that a router that has asked nobody is noticed. */
  enter(next: Handler): Handler {
    const before = this.#asked;
    return (input) => {
      if (this.#asked === before) this.#hasFallenThrough = true;
      return next(input);
    };
  }

  /**
   * Wraps a function of a router, so that its calls are counted, and a call of `next("router")` is recorded. A function
   * of four parameters takes errors. It is not counted, since it is asked about no request.
   */
  watch(handler: Handler, isByPath: boolean): Handler {
    const noted = (call: Call, next: unknown) => (input?: unknown) => {
      call.isOver = true;
      if (input === "router") this.#isLeft = true;
      return (next as Handler)(input);
    };
    // Express never calls a function with more parameters.
    if (handler.length > 4) return handler;
    if (handler.length === 4)
      return (error, request, response, next) => {
        this.#exchange.doubt();
        const call = this.#begin(handler);
        return call.read(handler(error, request, response, noted(call, next)));
      };
    return (request, response, next) => {
      this.#ask(isByPath);
      const call = this.#begin(handler);
      return call.read(handler(request, response, noted(call, next)));
    };
  }

  /** Wraps a function of `router.param`. One that skips the layers with its param leaves out guards. */
  watchParam(handler: Handler): Handler {
    return (request, response, next, ...rest) => {
      this.#ask(false);
      const call = this.#begin(handler);
      const noted = (input?: unknown) => {
        call.isOver = true;
        if (input === "route" || input === "router") this.#isLeft = true;
        return (next as Handler)(input);
      };
      return call.read(handler(request, response, noted, ...rest));
    };
  }

  /** Wraps a mounted application. Its functions cannot be counted, so only a route of it shows that one was asked. */
  watchHidden(handler: Handler): Handler {
    return (request, response, next) => {
      const before = (request as Routed).route;
      const noted = (input?: unknown) => {
        const { route, method } = request as Routed;
        if (route !== before && hasFunctionFor(route, method)) this.#ask(true);
        return leave(input);
      };
      const leave = this.enter(next as Handler);
      return handler(request, response, noted);
    };
  }

  /**
   * True when the request left a route or a router before its end.
   *
   * @param route The route that matched last, if any. A route inside a mounted application is not tracked.
   */
  isLeft(route: unknown): boolean {
    if (this.#isLeft) return true;
    return this.#own.has(route as object) && this.#through !== route;
  }

  /** The one place that counts. */
  #ask(isByPath: boolean): void {
    this.#asked += 1;
    if (isByPath) this.#isAskedByPath = true;
  }

  #begin(handler: Handler): Call {
    return new Call(this.#exchange, handler, this.#caller);
  }
}

/** The properties of a request that a router reads and sets. */
interface Routed {
  readonly route?: unknown;
  readonly method?: unknown;
}

/**
 * True when a route runs a function for a method. For a HEAD Express runs the functions of GET, if there are no others.
 * Middlewares may keep something else in the place of the route.
 */
function hasFunctionFor(route: unknown, method: unknown): boolean {
  const { stack } = (route ?? {}) as { stack?: readonly (Layer | null)[] };
  if (!Array.isArray(stack)) return false;
  const own = String(method).toLowerCase();
  const hasHead = stack.some((one) => one?.method === "head");
  const wanted = own === "head" && !hasHead ? "get" : own;
  return stack.some((one) => (one?.method === undefined || one.method === wanted) && canBeAsked(one?.handle));
}
