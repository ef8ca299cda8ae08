import { PermissionMisuse } from "@portcullis/core";
import type { Exchange } from "../exchange/exchange.js";
import type { Handler } from "./express-chain.js";
import type { Way } from "./router-path.js";

/** A part of a router of Express: a route, or something mounted. */
interface Layer {
  readonly name?: unknown;
  readonly route?: unknown;
  readonly handle?: unknown;
  /** Where it is one of a route: the only method it is for. */
  readonly method?: unknown;
}

interface Route {
  readonly stack: readonly Layer[];
  dispatch(...given: unknown[]): unknown;
}

/** A router, or an application with its router under a name. */
interface Stacked {
  readonly stack: readonly Layer[];
  readonly inner?: { readonly name: string; readonly router: Handler };
}

/** The functions that are not to be run; `undefined` where it is not said whether there are some. */
export type StopAt = ReadonlySet<unknown> | undefined;

/** Whether a handler is a router or an application of Express in which there are routes, at any depth. */
export function hasRoutes(handler: unknown): boolean {
  return stackedIn(handler)?.stack.some(isRouting) ?? false;
}

/** An application that is mounted hides its routes behind a function of this name: it is taken to have some. */
function isRouting(layer: Layer): boolean {
  return isRoute(layer.route) || isHidden(layer) || hasRoutes(layer.handle);
}

function isHidden({ name }: Layer): boolean {
  return name === "mounted_app";
}

function isRoute(route: unknown): route is Route {
  return typeof route === "object" && route !== null;
}

function stackedIn(handler: unknown): Stacked | undefined {
  if (typeof handler !== "function") return undefined;
  const { stack, _router, request } = handler as { stack?: unknown; _router?: { stack?: unknown }; request?: unknown };
  if (Array.isArray(stack)) return { stack };
  if (Array.isArray(_router?.stack)) return innerOf("_router", _router as never);
  // The router of an application: Express 4 throws at whoever reads this one.
  if (request === undefined || "lazyrouter" in handler) return undefined;
  const { router } = handler as { router?: { stack?: unknown } };
  return Array.isArray(router?.stack) ? innerOf("router", router as never) : undefined;
}

function innerOf(name: string, router: Handler & { stack: readonly Layer[] }): Stacked {
  return { stack: router.stack, inner: { name, router } };
}

/** What is said of routes whose handlers would run. */
export function routesMisuse(place: string): PermissionMisuse {
  return new PermissionMisuse(
    `${place} got a router or an application with routes, whose handlers would run: name those that are not to be run, as in { stopAt: [deleteRoom] }, or write { stopAt: [] } where its routes hold guards alone`,
  );
}

/**
 * Checks that it is said which functions of a chain are not to be run.
 *
 * @throws {PermissionMisuse} When there are routes and nothing is said, or a function is named that cannot be found.
 */
export function checkStops(place: string, chain: readonly unknown[], stopAt: StopAt): void {
  if (stopAt === undefined) {
    if (chain.some(hasRoutes)) throw routesMisuse(place);
    return;
  }
  const found = new Set<unknown>();
  const hidden = chain.map((handler) => collect(handler, found)).some(Boolean);
  mustBeFound(place, stopAt, found);
  if (stopAt.size > 0 && hidden) {
    throw new PermissionMisuse(
      `${place} cannot look into an application that is mounted in another one: give that one itself, with \`stopAt\``,
    );
  }
}

/** @throws {PermissionMisuse} When a function is named that is not among those that were found. */
export function mustBeFound(place: string, stopAt: ReadonlySet<unknown>, found: ReadonlySet<unknown>): void {
  for (const one of stopAt) {
    if (!found.has(one)) {
      const { name } = one as Handler;
      throw new PermissionMisuse(
        `${place} got \`${name || "anonymous"}\` in \`stopAt\`, which is nowhere among its middlewares and routes: give the function itself that the route has`,
      );
    }
  }
}

/** Collects the functions of a handler. Answers whether some of them are hidden. */
function collect(handler: unknown, found: Set<unknown>): boolean {
  found.add(handler);
  return (stackedIn(handler)?.stack ?? []).map((layer) => collectLayer(layer, found)).some(Boolean);
}

function collectLayer(layer: Layer, found: Set<unknown>): boolean {
  if (!isRoute(layer.route)) return collect(layer.handle, found) || isHidden(layer);
  return layer.route.stack.map((inner) => collectLayer(inner, found)).some(Boolean);
}

/**
 * A handler for one evaluation. The functions that are not to be run are the end of the chain, each route tells of its
 * end, and what takes errors is known, in a router too. Nothing of the router itself is changed.
 */
export function handlerFor(handler: Handler, exchange: Exchange, stopAt: StopAt, way: Way): Handler {
  const replace = (one: Handler): Handler => {
    if (stopAt?.has(one)) {
      way.holdsStop = true;
      return () => exchange.pass();
    }
    const stacked = stackedIn(one);
    if (stacked && typeof (one as { handle?: unknown }).handle === "function")
      return copyOf(one, stacked, replace, way);
    const watched = way.watch(one);
    if (one.length !== 4) return watched;
    return (error, request, response, next) => {
      exchange.doubt();
      return watched(error, request, response, next);
    };
  };
  return replace(handler);
}

type Replace = (handler: Handler) => Handler;

/** A copy that takes everything from its original, but the functions that were replaced. */
function copyOf(handler: Handler, { stack, inner }: Stacked, replace: Replace, way: Way): Handler {
  const copy = (request: unknown, response: unknown, next: unknown) =>
    (copy as unknown as { handle: Handler }).handle(request, response, next);
  Object.setPrototypeOf(copy, handler);
  const [name, value] = inner
    ? [inner.name, replace(inner.router)]
    : ["stack", stack.map((layer) => copyLayer(layer, replace, way))];
  return Object.defineProperty(copy, name, { value, writable: true }) as Handler;
}

function copyLayer(layer: Layer, replace: Replace, way: Way): Layer {
  const { route, handle } = layer;
  if (isRoute(route)) {
    const own = copyRoute(route, replace, way);
    const dispatch = (request: unknown, response: unknown, next: unknown) => own.dispatch(request, response, next);
    return like(layer, { route: own, handle: dispatch });
  }
  return like(layer, typeof handle === "function" ? { handle: replace(handle as Handler) } : {});
}

function copyRoute(route: Route, replace: Replace, way: Way): Route {
  const stack = route.stack.map((inner) => copyLayer(inner, replace, way));
  const own = like(route, { stack });
  way.add(own);
  const end = (_request: unknown, _response: unknown, next: unknown) => {
    way.end(own);
    (next as Handler)();
  };
  const [first] = stack;
  if (first) stack.push(like(first, { handle: end, method: undefined }));
  return own;
}

/** A copy of an object, some of its own properties replaced. */
export function like<T extends object>(one: T, own: Partial<T>): T {
  return Object.assign(Object.create(Object.getPrototypeOf(one)), one, own);
}
