import type { KoaContext, KoaMiddleware } from "./koa-context.js";
import { assertFound, copyWith, routesMisuse, type StopAt } from "./stop-at.js";

/** A layer of a Koa router. A layer that is only mounted has no methods. */
interface Layer {
  readonly methods?: readonly string[];
  readonly stack?: readonly KoaMiddleware[];
}

interface Router {
  readonly stack?: readonly Layer[];
  routes?(): KoaMiddleware;
}

const seen = new WeakMap<object, Set<Router>>();

/** Originals by their copies. */
const originals = new WeakMap<Router, Router>();

function routesOf({ stack = [] }: Router): readonly Layer[] {
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
  const routers = chain.flatMap((one) => routerOf(one) ?? []);
  if (stopAt === undefined) {
    if (routers.some((router) => routesOf(router).length > 0)) throw routesMisuse(caller);
    return;
  }
  const inside = routers.flatMap(({ stack = [] }) => stack.flatMap(({ stack: own = [] }) => own));
  assertFound(caller, stopAt, new Set<unknown>([...chain, ...inside]));
}

/** True for a middleware that can decide about a request. A router without routes runs nothing. */
export function canBeAsked(middleware: unknown): boolean {
  const router = routerOf(middleware);
  return router === undefined || routesOf(router).length > 0;
}

/** Wraps a middleware so that functions of `stopAt` are the end of the chain. Its router is not changed. */
export function stopping(middleware: KoaMiddleware, stopAt: StopAt, end: KoaMiddleware): KoaMiddleware {
  if (stopAt === undefined || stopAt.size === 0) return middleware;
  if (stopAt.has(middleware)) return end;
  const router = routerOf(middleware);
  if (router?.stack === undefined || router.routes === undefined) return middleware;
  return (context, next) => {
    const stack = (router.stack as readonly Layer[]).map((layer) =>
      copyWith(layer, { stack: (layer.stack ?? []).map((one) => (stopAt.has(one) ? end : one)) }),
    );
    const copy = copyWith(router, { stack });
    originals.set(copy, router);
    return (copy.routes as () => KoaMiddleware).call(copy)(context, next);
  };
}

/**
 * Records the routers that a request passes. Each router writes itself into the context. INVARIANT: no router runs
 * handlers that cannot be stopped, even if it is hidden in another middleware or gets its routes later.
 */
export function watchRouters(context: KoaContext, stopAt: StopAt): void {
  const routers = new Set<Router>();
  seen.set(context, routers);
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
  /** True when a router with routes has none for this request. */
  readonly isUnmatched: boolean;
  /** True when a route matched. */
  readonly isMatched: boolean;
}

/** Finds out if a request matched a route of the routers it passed. */
export function routedIn(context: KoaContext): Routed {
  const { matched = [], method } = context as { matched?: readonly Layer[]; method?: string };
  const found = [...(seen.get(context) as Set<Router>)].flatMap((router) => {
    const routes = routesOf(router);
    if (routes.length === 0) return [];
    return routes.some((route) => matched.includes(route) && route.methods?.includes(method as string));
  });
  return { isUnmatched: found.includes(false), isMatched: found.includes(true) };
}
