import type * as core from "@portcullis/core/adapter";
import type * as internal from "@portcullis/core/internal";
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
export type OptionsFor<S, T, Extra> = core.OptionsFor<S, Extra, SocketGuardOptions<SocketOf<T>, Extra>, SocketScope>;

/** `unknown` when rules that need the scope `S` need no `authenticate`; otherwise a type that says what to write. */
export type CheckNeeds<S> = internal.CheckNeeds<S, SocketScope>;

/**
 * The rules of all events that clients may send. `E` is the map of these events, the first type argument of `Server`. A
 * table with an unknown event, or without one of them, does not compile. An event that no client may send has the rule
 * `DenyAll`.
 *
 * @example
 * ```ts
 * import type { ActionsOf } from "@portcullis/adapter-socketio";
 * import { AllowAny, definePolicy, IsAuthenticated } from "@portcullis/core";
 *
 * interface ClientToServerEvents {
 *   ping: () => void;
 *   "chat.send": (message: { text: string }) => void;
 * }
 * const policy = definePolicy({
 *   actions: { ping: AllowAny, "chat.send": IsAuthenticated } satisfies ActionsOf<ClientToServerEvents>,
 * });
 * console.assert(policy.describe().actions !== undefined);
 * ```
 */
export type ActionsOf<E> = internal.ActionRules<keyof E & string>;
