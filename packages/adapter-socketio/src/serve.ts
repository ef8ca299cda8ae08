import type { ReplaceOptions } from "@portcullis/core";
import type { ServableConsumer } from "@portcullis/core/adapter";
import { attach, type Guard } from "./attach.js";
import type { SocketScope } from "./namespace/scope.js";
import type { CheckNeeds, Guardable, OptionsFor, ScopeWith, SocketOf } from "./types.js";

/**
 * Serves a consumer (rules with handlers) over a socket.io server. Its actions are events, and the value that a handler
 * returns is the acknowledgement. Listeners of the server receive no events of clients.
 *
 * @param io A server with all its namespaces, or one namespace.
 * @param consumer A consumer of `defineConsumer()`.
 * @param options The options of {@link guard}.
 * @returns The guard: `sessions`, `sessionOf`, `findSession`, `replace`, `audit`, `close`.
 * @throws {PermissionMisuse} When `io` is no socket.io server or namespace, is already guarded, or an option is
 *   invalid.
 * @example
 * ```ts
 * import { serve } from "@portcullis/adapter-socketio";
 * import { AllowAny } from "@portcullis/core";
 * import { defineConsumer } from "@portcullis/core/consumer";
 * import { Server } from "socket.io";
 *
 * const echo = defineConsumer().action("echo", AllowAny, ({ payload }) => payload.text);
 * serve(new Server(), echo);
 * ```
 */
export function serve<S, N extends string, T extends Guardable, Extra = unknown>(
  io: T,
  consumer: ServableConsumer<S, N>,
  options: OptionsFor<S, T, Extra>,
): Guard<ServableConsumer<ScopeWith<Extra>>, ScopeWith<Extra>, N, ReplaceOptions<SocketOf<T>, Extra>>;
/** Serves a consumer whose rules need no more scope than every handshake has. */
export function serve<S, N extends string>(
  io: Guardable,
  consumer: ServableConsumer<S, N> & CheckNeeds<S>,
): Guard<ServableConsumer<SocketScope>, SocketScope, N>;
export function serve(io: unknown, consumer: unknown, options = {}): Guard<never, never, never> {
  return attach("serve()", io, consumer, options) as never;
}
