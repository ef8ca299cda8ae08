import type { Exchange } from "../exchange/exchange.js";
import { Call } from "./call.js";
import type { Handler } from "./handler.js";
import type { KoaContext, KoaMiddleware } from "./koa-context.js";
import { assertFound, copyWith, routesMisuse, type StopAt } from "./stop-at.js";

/** A layer of a Koa router. A layer that is only mounted has no methods. */
interface Layer {
  readonly methods?: readonly string[];
  readonly stack?: readonly KoaMiddleware[] | undefined;
}

interface Route extends Layer {
  readonly methods: readonly string[];
}

interface Router {
  readonly stack?: readonly Layer[];
  routes?(): KoaMiddleware;
}

/** What is known of one evaluation. */
interface Seen {
  readonly exchange: Exchange;
  /** The routers that the request passed. */
  readonly routers: Set<Router>;
  /** The number of functions of routers that ran. */
  asked: number;
  /** True when a router of the chain ran none of its functions. */
  hasFallenThrough: boolean;
}

const seen = new WeakMap<object, Seen>();

/** Originals by their copies. */
const originals = new WeakMap<Router, Router>();

function routesOf({ stack }: Router): readonly Route[] {
  return Array.isArray(stack) ? stack.filter(({ methods = [] }: Layer) => methods.length > 0) : [];
}

/** The router of a middleware that `routes()` has made. */
function routerOf(middleware: unknown): Router | undefined {
  const { router } = middleware as { router?: unknown };
  return isRouter(router) ? router : undefined;
}

function isRouter(value: unknown): value is Router {
  return typeof value === "object" && value !== null;
}

/**
 * Checks the option `stopAt` against the functions of a chain.
 *
 * @throws {PermissionMisuse} When there are routes and the option is missing, or a function in it is not found.
 */
export function checkKoaStops(caller: string, chain: readonly unknown[], stopAt: StopAt): void {
  const routers = chain.map(routerOf).filter((router) => router !== undefined);
  if (stopAt === undefined) {
    if (routers.some((router) => routesOf(router).length > 0)) throw routesMisuse(caller);
    return;
  }
  const inside = routers.flatMap(({ stack }) => stack).flatMap((layer) => layer?.stack);
  assertFound(caller, stopAt, new Set<unknown>([...chain, ...inside]));
}

/** True for a middleware that can decide about a request. A router without routes runs nothing. */
export function canBeAsked(middleware: unknown): boolean {
  const router = routerOf(middleware);
  return router === undefined || routesOf(router).length > 0;
}

/** The parts of a run that a wrapped middleware needs. */
export interface KoaRun {
  /** The name of the caller in messages, for example `fromKoa()`. */
  readonly caller: string;
  readonly stopAt: StopAt;
  /** Takes the place of each function of `stopAt`. */
  readonly end: KoaMiddleware;
}

/**
 * Wraps a middleware of a chain, so that functions of `stopAt` are the end of the chain, and functions of a router are
 * counted when they run. Its router is not changed.
 */
export function watched(middleware: KoaMiddleware, run: KoaRun): KoaMiddleware {
  if (run.stopAt?.has(middleware)) return run.end;
  const router = routerOf(middleware);
  if (!Array.isArray(router?.stack) || router.routes === undefined) return called(middleware, run);
  return (context, next) => {
    const seenHere = seen.get(context) as Seen;
    const counted = (one: KoaMiddleware): KoaMiddleware => {
      const own = run.stopAt?.has(one) ? run.end : called(one, run);
      return (...input) => {
        seenHere.asked += 1;
        return own(...input);
      };
    };
    const stack = (router.stack as readonly Layer[]).map((layer) =>
      copyWith(layer, { stack: layer.stack?.map(counted) }),
    );
    const copy = copyWith(router, { stack });
    originals.set(copy, router);
    const before = seenHere.asked;
    return (copy.routes as () => KoaMiddleware).call(copy)(context, () => {
      if (seenHere.asked === before) seenHere.hasFallenThrough = true;
      return next();
    });
  };
}

/** Wraps a function, so that its calls are followed until they end. */
function called(middleware: KoaMiddleware, { caller }: KoaRun): KoaMiddleware {
  return (context, next) => {
    const { exchange } = seen.get(context) as Seen;
    const call = new Call(exchange, middleware as Handler, caller);
    return call.readAtEnd(
      middleware(context, () => {
        call.isOver = true;
        return next();
      }),
    );
  };
}

/**
 * Records the routers that a request passes. Each router writes itself into the context. INVARIANT: no router runs
 * handlers that cannot be stopped, even if it is hidden in another middleware or gets its routes later.
 */
export function watchRouters(context: KoaContext, exchange: Exchange, stopAt: StopAt): void {
  const routers = new Set<Router>();
  seen.set(context, { exchange, routers, asked: 0, hasFallenThrough: false });
  let current: Router | undefined;
  Object.defineProperty(context, "router", {
    configurable: true,
    enumerable: true,
    get: () => current,
    set(router: Router) {
      current = isRouter(router) ? (originals.get(router) ?? router) : router;
      if (!isRouter(router)) return;
      const isStopped = stopAt !== undefined && (stopAt.size === 0 || originals.has(router));
      if (!isStopped && routesOf(router).length > 0) throw routesMisuse("an HTTP rule");
      routers.add(router);
    },
  });
}

/** The result of matching a request in the routers it passed. */
export interface Routed {
  /** True when a router has no route for this request, or ran none of its functions. */
  readonly isUnmatched: boolean;
  /** True when a route matched. */
  readonly isMatched: boolean;
}

/** Finds out if a request matched a route of the routers it passed. */
export function routedIn(context: KoaContext): Routed {
  const { matched = [], method } = context as { matched?: readonly Layer[]; method?: string };
  const { routers, hasFallenThrough } = seen.get(context) as Seen;
  const found = [...routers]
    // A middleware may keep something else under that name.
    .filter((router) => routesOf(router).length > 0 || typeof router.routes === "function")
    .map((router) =>
      routesOf(router).some((route) => matched.includes(route) && route.methods.includes(method as string)),
    );
  return { isUnmatched: hasFallenThrough || found.includes(false), isMatched: found.includes(true) };
}
