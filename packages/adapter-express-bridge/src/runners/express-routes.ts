import { PermissionMisuse } from "@portcullis/core";
import type { Handler } from "./handler.js";
import { assertFound, routesMisuse, type StopAt } from "./stop-at.js";

/** A layer of an Express router: a route, or a mounted handler. */
export interface Layer {
  readonly name?: unknown;
  readonly route?: unknown;
  readonly handle?: unknown;
  /** The only method of a layer inside a route. */
  readonly method?: unknown;
  /** True when the layer is mounted without a path. */
  readonly slash?: unknown;
  /** The same in Express 4. */
  readonly regexp?: { readonly fast_slash?: unknown; readonly fast_star?: unknown };
}

/** A route of a router. */
export interface Route {
  readonly stack: readonly Layer[];
  dispatch(...input: unknown[]): unknown;
}

/** A router, or an application with its router and the name of the property that holds it. */
export interface Stacked {
  readonly stack: readonly Layer[];
  readonly inner?: { readonly name: string; readonly router: Handler & { readonly stack: readonly Layer[] } };
}

/** The number of layers with which each application of Express 4 begins. They prepare a request, and ask nothing. */
export const OWN_OF_EXPRESS_4 = 2;

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

/** True for a mounted application, which Express hides behind a function. */
export function isHidden({ name }: Layer): boolean {
  return name === "mounted_app";
}

/** True for a route, as a layer of a router has it. */
export function isRoute(route: unknown): route is Route {
  return typeof route === "object" && route !== null;
}

/**
 * True for a function that can decide about a request. A function that handles errors cannot, and neither can a router
 * or an application that is still empty.
 */
export function canBeAsked(handler: unknown): boolean {
  const stacked = stackedIn(handler);
  if (stacked && isRouter(handler)) return own(stacked).some((layer) => canBeAsked(layer.handle));
  return typeof handler === "function" && handler.length < 4;
}

/** True for a function that is run as a router, and not only has a list of that name. */
export function isRouter(handler: unknown): boolean {
  return typeof (handler as { handle?: unknown }).handle === "function";
}

/** The layers, without the two with which each application of Express 4 begins. */
function own({ stack, inner }: Stacked): readonly Layer[] {
  return inner?.name === "_router" ? stack.slice(OWN_OF_EXPRESS_4) : stack;
}

/** True for a router or an application of Express. */
export function isStacked(handler: unknown): boolean {
  return stackedIn(handler) !== undefined;
}

/** Reads the layers of a router or an application. `undefined` for every other function. */
export function stackedIn(handler: unknown): Stacked | undefined {
  if (typeof handler !== "function") return undefined;
  const { stack, _router, request } = handler as { stack?: unknown; _router?: { stack?: unknown }; request?: unknown };
  if (Array.isArray(stack)) return { stack };
  if (Array.isArray(_router?.stack)) return innerOf("_router", _router as never);
  // An application of Express 4 has no router before it has a middleware.
  if ("lazyrouter" in handler) return { stack: [] };
  // The router of an Express 5 application. In Express 4 this property is a getter that throws.
  if (request === undefined) return undefined;
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
