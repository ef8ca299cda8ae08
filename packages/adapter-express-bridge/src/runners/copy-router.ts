import type { Exchange } from "../exchange/exchange.js";
import {
  isHidden,
  isRoute,
  isRouter,
  type Layer,
  OWN_OF_EXPRESS_4,
  type Route,
  type Stacked,
  stackedIn,
} from "./express-routes.js";
import type { Handler } from "./handler.js";
import type { RouterPath } from "./router-path.js";
import { copyWith, type StopAt } from "./stop-at.js";

/** The evaluation for which a router is copied. */
export interface RouterRun {
  readonly exchange: Exchange;
  readonly stopAt: StopAt;
  readonly path: RouterPath;
}

/**
 * Copies a router for one evaluation. In the copy, functions of `stopAt` are the end of the chain, every other function
 * is counted when it runs, and each route reports its end. The router itself is not changed.
 */
export function handlerFor(handler: Handler, run: RouterRun): Handler {
  return new RouterCopy(run).handler(handler, false);
}

/**
 * Copies the routers of one handler. `isByPath` is true for a function that does not run for every path, because a path
 * or a route leads to it.
 */
class RouterCopy {
  readonly #exchange: Exchange;
  readonly #stopAt: StopAt;
  readonly #path: RouterPath;

  constructor({ exchange, stopAt, path }: RouterRun) {
    this.#exchange = exchange;
    this.#stopAt = stopAt;
    this.#path = path;
  }

  handler(one: Handler, isByPath: boolean): Handler {
    if (this.#stopAt?.has(one)) {
      this.#path.holdsStop = true;
      return () => this.#exchange.pass();
    }
    const stacked = stackedIn(one);
    return stacked && isRouter(one) ? this.#router(one, stacked, isByPath) : this.#path.watch(one, isByPath);
  }

  /** Copies a router. The copy inherits everything but the replaced functions. */
  #router(handler: Handler, stacked: Stacked, isByPath: boolean): Handler {
    const path = this.#path;
    const copy = (request: unknown, response: unknown, next: unknown) =>
      (copy as unknown as { handle: Handler }).handle(request, response, path.enter(next as Handler));
    Object.setPrototypeOf(copy, handler);
    for (const [name, value] of Object.entries(this.#parts(handler, stacked, isByPath)))
      Object.defineProperty(copy, name, { value, writable: true });
    return copy as Handler;
  }

  /** The properties of a router that hold its functions, with their copies. */
  #parts(handler: Handler, { stack, inner }: Stacked, isByPath: boolean): Record<string, unknown> {
    if (inner) {
      const { name, router } = inner;
      const skipped = name === "_router" ? OWN_OF_EXPRESS_4 : 0;
      const own = this.#router(router, { stack: router.stack.slice(skipped) }, isByPath);
      const layers = (own as unknown as { stack: readonly Layer[] }).stack;
      return { [name]: Object.assign(own, { stack: [...router.stack.slice(0, skipped), ...layers] }) };
    }
    const { params = {} } = handler as { params?: Record<string, readonly Handler[]> };
    const watched = Object.entries(params).map(([name, all]) => [name, all.map((one) => this.#path.watchParam(one))]);
    return { stack: stack.map((layer) => this.#layer(layer, isByPath)), params: Object.fromEntries(watched) };
  }

  #layer(layer: Layer, isByPath: boolean): Layer {
    const { route, handle } = layer;
    if (isRoute(route)) {
      const own = this.#route(route);
      const dispatch = (request: unknown, response: unknown, next: unknown) => own.dispatch(request, response, next);
      return copyWith(layer, { route: own, handle: dispatch });
    }
    if (typeof handle !== "function") return copyWith(layer, {});
    if (isHidden(layer)) return copyWith(layer, { handle: this.#path.watchHidden(handle as Handler) });
    return copyWith(layer, { handle: this.handler(handle as Handler, isByPath || !isEverywhere(layer)) });
  }

  #route(route: Route): Route {
    const stack = route.stack.map((inner) => this.#layer(inner, true));
    const own = copyWith(route, { stack });
    this.#path.add(own);
    const end = (_request: unknown, _response: unknown, next: unknown) => {
      this.#path.end(own);
      (next as Handler)();
    };
    const [first] = stack;
    if (first) stack.push(copyWith(first, { handle: end, method: undefined }));
    return own;
  }
}

/** True for a layer that matches every path. The last spelling is that of connect. */
function isEverywhere({ slash, regexp, route }: Layer): boolean {
  return slash === true || regexp?.fast_slash === true || regexp?.fast_star === true || route === "";
}
