/** A part of a router of Express: a route, or something mounted. */
interface Layer {
  readonly name?: unknown;
  readonly route?: unknown;
  readonly handle?: unknown;
}

/** Whether a handler is a router or an application of Express in which there are routes, at any depth. */
export function hasRoutes(handler: unknown): boolean {
  return stackOf(handler)?.some(isRouting) ?? false;
}

/** An application that is mounted hides its routes behind a function of this name: it is taken to have some. */
function isRouting({ name, route, handle }: Layer): boolean {
  return (typeof route === "object" && route !== null) || name === "mounted_app" || hasRoutes(handle);
}

function stackOf(handler: unknown): readonly Layer[] | undefined {
  if (typeof handler !== "function") return undefined;
  const { stack, _router, request } = handler as { stack?: unknown; _router?: { stack?: unknown }; request?: unknown };
  if (Array.isArray(stack)) return stack;
  if (Array.isArray(_router?.stack)) return _router.stack;
  // The router of an application: Express 4 throws at whoever reads this one.
  if (request === undefined || "lazyrouter" in handler) return undefined;
  const { router } = handler as { router?: { stack?: unknown } };
  return Array.isArray(router?.stack) ? router.stack : undefined;
}
