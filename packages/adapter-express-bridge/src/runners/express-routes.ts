import { PermissionMisuse } from "@portcullis/core";
import type { Exchange } from "../exchange/exchange.js";
import type { Handler } from "./handler.js";
import type { RouterPath } from "./router-path.js";
import { assertFound, copyWith, routesMisuse, type StopAt } from "./stop-at.js";

/** A layer of an Express router: a route, or a mounted handler. */
interface Layer {
  readonly name?: unknown;
  readonly route?: unknown;
  readonly handle?: unknown;
  /** The only method of a layer inside a route. */
  readonly method?: unknown;
}

interface Route {
  readonly stack: readonly Layer[];
  dispatch(...input: unknown[]): unknown;
}

/** A router, or an application with its router and the name of the property that holds it. */
interface Stacked {
  readonly stack: readonly Layer[];
  readonly inner?: { readonly name: string; readonly router: Handler };
}

/** True for a router or an application of Express that has routes, at any depth. */
export function hasRoutes(handler: unknown): boolean {
  return stackedIn(handler)?.stack.some(isRouting) ?? false;
}

/**
 * True for a layer with routes. A mounted application hides its routes behind a function, so it counts as having some.
 */
function isRouting(layer: Layer): boolean {
  return isRoute(layer.route) || isHidden(layer) || hasRoutes(layer.handle);
}

function isHidden({ name }: Layer): boolean {
  return name === "mounted_app";
}

function isRoute(route: unknown): route is Route {
  return typeof route === "object" && route !== null;
}

/**
 * True for a function that can decide about a request. A function that handles errors cannot, and neither can a router
 * or an application that is still empty.
 */
export function canBeAsked(handler: unknown): boolean {
  const stacked = stackedIn(handler);
  const isRouter = typeof (handler as { handle?: unknown } | undefined)?.handle === "function";
  if (stacked && isRouter)
    return own(stacked).some((layer) => isRoute(layer.route) || isHidden(layer) || canBeAsked(layer.handle));
  // An application of Express 4 has no router before it has a middleware.
  return typeof handler === "function" && handler.length < 4 && !("lazyrouter" in handler);
}

/** The layers, without the two with which each application of Express 4 begins. */
function own({ stack, inner }: Stacked): readonly Layer[] {
  return inner?.name === "_router" ? stack.slice(2) : stack;
}

/** True for a router or an application of Express. */
export function isStacked(handler: unknown): boolean {
  return stackedIn(handler) !== undefined;
}

function stackedIn(handler: unknown): Stacked | undefined {
  if (typeof handler !== "function") return undefined;
  const { stack, _router, request } = handler as { stack?: unknown; _router?: { stack?: unknown }; request?: unknown };
  if (Array.isArray(stack)) return { stack };
  if (Array.isArray(_router?.stack)) return innerOf("_router", _router as never);
  // The router of an Express 5 application. In Express 4 this property is a getter that throws.
  if (request === undefined || "lazyrouter" in handler) return undefined;
  const { router } = handler as { router?: { stack?: unknown } };
  return Array.isArray(router?.stack) ? innerOf("router", router as never) : undefined;
}

function innerOf(name: string, router: Handler & { stack: readonly Layer[] }): Stacked {
  return { stack: router.stack, inner: { name, router } };
}

/**
 * Checks the option `stopAt` against the functions of a chain.
 *
 * @throws {PermissionMisuse} When there are routes and the option is missing, a function in it is not found or may be
 *   hidden in a mounted application, or no function of the chain takes a request.
 */
export function checkStops(caller: string, chain: readonly Handler[], stopAt: StopAt): void {
  if (chain.every((handler) => handler.length > 3 && !isStacked(handler))) {
    throw new PermissionMisuse(
      `${caller} got nothing but functions of four parameters, which take errors and are asked about no request: write (request, response, next)`,
    );
  }
  if (stopAt === undefined) {
    if (chain.some(hasRoutes)) throw routesMisuse(caller);
    return;
  }
  const found = new Set<unknown>();
  const hidden = chain.map((handler) => collect(handler, found)).some(Boolean);
  assertFound(caller, stopAt, found);
  if (stopAt.size > 0 && hidden) {
    throw new PermissionMisuse(
      `${caller} cannot look into an application that is mounted in another one: give that one itself, with \`stopAt\``,
    );
  }
}

/** Collects the functions of a handler. Returns true when a mounted application hides some of them. */
function collect(handler: unknown, found: Set<unknown>): boolean {
  found.add(handler);
  return (stackedIn(handler)?.stack ?? []).map((layer) => collectLayer(layer, found)).some(Boolean);
}

function collectLayer(layer: Layer, found: Set<unknown>): boolean {
  if (!isRoute(layer.route)) return collect(layer.handle, found) || isHidden(layer);
  return layer.route.stack.map((inner) => collectLayer(inner, found)).some(Boolean);
}

/** The evaluation for which a router is copied. */
export interface RouterRun {
  readonly exchange: Exchange;
  readonly stopAt: StopAt;
  readonly path: RouterPath;
}

/**
 * Copies a router for one evaluation. In the copy, functions of `stopAt` are the end of the chain, each route reports
 * its end, and functions that handle errors are noticed. The router itself is not changed.
 */
export function handlerFor(handler: Handler, { exchange, stopAt, path }: RouterRun): Handler {
  const replace = (one: Handler): Handler => {
    if (stopAt?.has(one)) {
      path.holdsStop = true;
      return () => exchange.pass();
    }
    const stacked = stackedIn(one);
    if (stacked && typeof (one as { handle?: unknown }).handle === "function")
      return copyRouter(one, stacked, replace, path);
    const watched = path.watch(one);
    if (one.length !== 4) return watched;
    return (error, request, response, next) => {
      exchange.doubt();
      return watched(error, request, response, next);
    };
  };
  return replace(handler);
}

type Replace = (handler: Handler) => Handler;

/** Copies a router. The copy inherits everything but the replaced functions. */
function copyRouter(handler: Handler, { stack, inner }: Stacked, replace: Replace, path: RouterPath): Handler {
  const copy = (request: unknown, response: unknown, next: unknown) =>
    (copy as unknown as { handle: Handler }).handle(request, response, next);
  Object.setPrototypeOf(copy, handler);
  const [name, value] = inner
    ? [inner.name, replace(inner.router)]
    : ["stack", stack.map((layer) => copyLayer(layer, replace, path))];
  return Object.defineProperty(copy, name, { value, writable: true }) as Handler;
}

function copyLayer(layer: Layer, replace: Replace, path: RouterPath): Layer {
  const { route, handle } = layer;
  if (isRoute(route)) {
    const own = copyRoute(route, replace, path);
    const dispatch = (request: unknown, response: unknown, next: unknown) => own.dispatch(request, response, next);
    return copyWith(layer, { route: own, handle: dispatch });
  }
  return copyWith(layer, typeof handle === "function" ? { handle: replace(handle as Handler) } : {});
}

function copyRoute(route: Route, replace: Replace, path: RouterPath): Route {
  const stack = route.stack.map((inner) => copyLayer(inner, replace, path));
  const own = copyWith(route, { stack });
  path.add(own);
  const end = (_request: unknown, _response: unknown, next: unknown) => {
    path.end(own);
    (next as Handler)();
  };
  const [first] = stack;
  if (first) stack.push(copyWith(first, { handle: end, method: undefined }));
  return own;
}
