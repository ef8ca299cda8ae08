import type * as core from "@portcullis/core/adapter";
import type { SocketScope } from "./namespace/scope.js";
import type { SocketGuardOptions } from "./options.js";

/** A socket.io server or one of its namespaces, with its sockets. */
export interface Guardable {
  readonly sockets: ReadonlyMap<string, object> | { readonly sockets: ReadonlyMap<string, object> };
}

/** The sockets of a server or a namespace, with the application's types of events and data. */
export type SocketOf<T> = T extends { readonly sockets: { readonly sockets: ReadonlyMap<string, infer S> } }
  ? S
  : T extends { readonly sockets: ReadonlyMap<string, infer S> }
    ? S
    : never;

/**
 * The values that `authenticate` may return if the rules need the scope `S`. Returning nothing means `{ user: null }`.
 */
export type Authenticated<S> = core.Authenticated<S, SocketScope>;

/** The scope that results from an `authenticate` returning `Extra`. */
export type ScopeWith<Extra> = core.ScopeWith<Extra, SocketScope>;

/** The options for a policy. `authenticate` is required if the rules need more than every handshake has. */
export type OptionsFor<S, T, Extra> = core.OptionsFor<S, SocketGuardOptions<SocketOf<T>, Extra>, SocketScope>;
