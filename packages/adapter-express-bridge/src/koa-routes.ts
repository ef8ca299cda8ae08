import type { KoaContext } from "./koa-run.js";

/** A part of a router of Koa; what is only mounted has no methods. */
interface Layer {
  readonly methods?: readonly string[];
}

interface Router {
  readonly stack?: readonly Layer[];
}

const seen = new WeakMap<object, Set<Router>>();

/** Notes the routers that a request comes through: each writes itself into the context. */
export function watchRouters(context: KoaContext): void {
  const routers = new Set<Router>();
  seen.set(context, routers);
  let current: Router | undefined;
  Object.defineProperty(context, "router", {
    configurable: true,
    enumerable: true,
    get: () => current,
    set(router: Router) {
      current = router;
      if (typeof router === "object" && router !== null) routers.add(router);
    },
  });
}

/** Whether a router with routes was there, and none of them is for this request. */
export function unmatchedRouter(context: KoaContext): boolean {
  const { matched = [], method } = context as { matched?: readonly Layer[]; method?: string };
  for (const { stack = [] } of seen.get(context) as Set<Router>) {
    const routes = stack.filter(({ methods = [] }) => methods.length > 0) as Required<Layer>[];
    const isMatched = routes.some((route) => matched.includes(route) && route.methods.includes(method as string));
    if (routes.length > 0 && !isMatched) return true;
  }
  return false;
}
