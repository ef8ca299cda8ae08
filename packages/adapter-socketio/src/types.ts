import type * as core from "@portcullis/core/adapter";
import type { SocketScope } from "./namespace/scope.js";
import type { SocketGuardOptions } from "./options.js";

/** A server of socket.io, or one of its namespaces, with its sockets. */
export interface Guardable {
  readonly sockets: ReadonlyMap<string, object> | { readonly sockets: ReadonlyMap<string, object> };
}

/** The sockets of a server or a namespace, with the application's types of events and data. */
export type SocketOf<T> = T extends { readonly sockets: { readonly sockets: ReadonlyMap<string, infer S> } }
  ? S
  : T extends { readonly sockets: ReadonlyMap<string, infer S> }
    ? S
    : never;

/** The values that `authenticate` may return where rules need that scope. Nothing stands for `{ user: null }`. */
export type Authenticated<S> = core.Authenticated<S, SocketScope>;

/** The scope behind an `authenticate` that returns this. */
export type ScopeWith<Extra> = core.ScopeWith<Extra, SocketScope>;

/** The options behind a policy: `authenticate` is required where the rules need more than every handshake has. */
export type OptionsFor<S, T, Extra> = core.OptionsFor<S, SocketGuardOptions<SocketOf<T>, Extra>, SocketScope>;
