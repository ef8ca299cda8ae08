/** Calls back in one async context, whatever the present one is. */
export type Context = (callback: () => void) => void;

interface Storage {
  snapshot?: () => Context;
}

let snapshot: (() => Context) | undefined;

/**
 * The async context of now (`AsyncLocalStorage`), for what happens later from elsewhere: one timer ends the waits of many
 * requests, and what it ends must not run in the context of whichever began first.
 */
export function contextOfNow(): Context {
  snapshot ??= findSnapshot();
  return snapshot();
}

/** The core imports nothing, and runs where there is no such module. */
function findSnapshot(): () => Context {
  try {
    const { process } = globalThis as { process?: { getBuiltinModule?(name: string): { AsyncLocalStorage: Storage } } };
    const storage = process?.getBuiltinModule?.("node:async_hooks").AsyncLocalStorage;
    if (storage?.snapshot) return storage.snapshot.bind(storage);
  } catch {
    // Something that calls itself `process` and is not.
  }
  return () => (callback) => callback();
}
