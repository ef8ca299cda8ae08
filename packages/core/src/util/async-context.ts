/** Calls back in a captured async context. */
export type Context = (callback: () => void) => void;

/** An `AsyncResource` of Node, Bun or Deno. */
interface Resource {
  runInAsyncScope(callback: () => void): void;
}
type ResourceClass = new (type: string) => Resource;

let capture: (() => Context) | undefined;

/**
 * Captures the current async context (`AsyncLocalStorage`). One timer ends the waits of many requests, and their
 * callbacks must not run in the context of the request that set the timer.
 */
export function contextOfNow(): Context {
  capture ??= findCapture();
  return capture();
}

/**
 * Looks up `AsyncResource` at run time, because the core imports nothing and also runs without `node:async_hooks`. A
 * resource takes 0.1 us; `AsyncLocalStorage.snapshot()` takes 20 us on Node 20.
 */
function findCapture(): () => Context {
  try {
    const { process } = globalThis as {
      process?: { getBuiltinModule?(name: string): { AsyncResource?: ResourceClass } };
    };
    const Resource = process?.getBuiltinModule?.("node:async_hooks").AsyncResource;
    if (Resource) {
      return () => {
        const resource = new Resource("PortcullisContext");
        return (callback) => resource.runInAsyncScope(callback);
      };
    }
  } catch {
    // A global `process` that is not the one of Node.
  }
  return () => (callback) => callback();
}
