import { PermissionMisuse } from "@portcullis/core";

/** The functions that are not run. `undefined` when the option is missing. */
export type StopAt = ReadonlySet<unknown> | undefined;

/** The error for routes whose handlers would run. */
export function routesMisuse(caller: string): PermissionMisuse {
  return new PermissionMisuse(
    `${caller} got a router or an application with routes, whose handlers would run: name those that are not to be run, as in { stopAt: [deleteRoom] }, or write { stopAt: [] } where its routes hold guards alone`,
  );
}

/**
 * The error for a chain that is still empty and would allow everyone. Its content may be added after the chain was
 * given.
 */
export function emptyMisuse(): PermissionMisuse {
  return new PermissionMisuse(
    "an HTTP rule holds nothing but routers or applications in which there is nothing to ask: give them their middlewares and routes before the first question",
  );
}

/** @throws {PermissionMisuse} When `stopAt` names a function that was not found. */
export function assertFound(caller: string, stopAt: ReadonlySet<unknown>, found: ReadonlySet<unknown>): void {
  for (const one of stopAt) {
    if (!found.has(one)) {
      const { name } = one as CallableFunction;
      throw new PermissionMisuse(
        `${caller} got \`${name || "anonymous"}\` in \`stopAt\`, which is nowhere among its middlewares and routes: give the function itself that the route has`,
      );
    }
  }
}

/** Copies an object, and replaces some of its own properties. */
export function copyWith<T extends object>(original: T, own: Partial<T>): T {
  return Object.assign(Object.create(Object.getPrototypeOf(original)), original, own);
}
