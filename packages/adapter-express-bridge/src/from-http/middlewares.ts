import type { IncomingMessage, ServerResponse } from "node:http";
import { PermissionMisuse } from "@portcullis/core";
import { show } from "@portcullis/core/internal";

/** Any function. Its parameters depend on the application and are not checked. */
export type AnyMiddleware = Pick<CallableFunction, "name" | "length" | "apply">;

/** An inline middleware. The application `A` determines the types of its parameters. */
export type InlineMiddleware<A> = (
  request: A extends { readonly request: infer Request extends object } ? Request : IncomingMessage,
  response: A extends { readonly response: infer Response extends object } ? Response : ServerResponse,
  next: (error?: unknown) => void,
) => unknown;

/**
 * The user that the requests of an application are declared to have: that of `Express.User`, where passport's types or
 * the application declare one; otherwise `unknown`.
 */
export type DeclaredUser<A> = A extends { readonly request: { user?: infer U } }
  ? [keyof NonNullable<U>] extends [never]
    ? unknown
    : NonNullable<U>
  : unknown;

/** A middleware, or a list of them, nested to any depth. */
export type Middlewares<A = unknown> = InlineMiddleware<A> | AnyMiddleware | readonly Middlewares<A>[];

const LONGEST_NAME = 200;

/**
 * Flattens nested lists of middlewares.
 *
 * @throws {PermissionMisuse} When there is none, or an entry is not a function.
 */
export function flatten(caller: string, input: unknown, read: (one: unknown) => unknown = (one) => one): never[] {
  const all = [input].flat(Number.POSITIVE_INFINITY).map(read);
  if (all.length === 0) {
    throw new PermissionMisuse(
      `${caller} got no middleware: give at least one, as in ${caller.slice(0, -1)}requireLogin)`,
    );
  }
  for (const one of all) {
    if (typeof one !== "function") {
      throw new PermissionMisuse(
        `${caller} got ${show(one)}: give a function (request, response, next), or a list of them`,
      );
    }
  }
  return all as never[];
}

/** The default name of a rule, made of the names of its middlewares. */
export function nameOf(caller: string, chain: readonly ((...input: never[]) => unknown)[]): string {
  const names = chain.map(({ name }) => name || "anonymous").join(", ");
  const short = names.length > LONGEST_NAME ? `${names.slice(0, LONGEST_NAME)}...` : names;
  return `${caller.slice(0, -1)}${short})`;
}
