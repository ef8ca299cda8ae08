import type { IncomingMessage, ServerResponse } from "node:http";
import { PermissionMisuse } from "@portcullis/core";
import { show } from "@portcullis/core/internal";

/** Any function: what a middleware takes is between it and the application. */
export type AnyMiddleware = Pick<CallableFunction, "name" | "length" | "apply">;

/** A middleware that is written where it is used: the application `A` says what it takes. */
export type InlineMiddleware<A> = (
  request: A extends { readonly request: infer Request extends object } ? Request : IncomingMessage,
  response: A extends { readonly response: infer Response extends object } ? Response : ServerResponse,
  next: (error?: unknown) => void,
) => unknown;

/** A middleware, or a list of them, nested to any depth. */
export type Middlewares<A = unknown> = InlineMiddleware<A> | AnyMiddleware | readonly Middlewares<A>[];

const LONGEST_NAME = 200;

/**
 * Flattens middlewares.
 *
 * @throws {PermissionMisuse} When there is none, or something is no function.
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

/** What a rule made of middlewares is called. */
export function nameOf(caller: string, chain: readonly ((...input: never[]) => unknown)[]): string {
  const names = chain.map(({ name }) => name || "anonymous").join(", ");
  const short = names.length > LONGEST_NAME ? `${names.slice(0, LONGEST_NAME)}...` : names;
  return `${caller.slice(0, -1)}${short})`;
}
