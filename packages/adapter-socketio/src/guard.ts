import type { ReplaceOptions } from "@portcullis/core";
import type { PolicyFor } from "@portcullis/core/adapter";
import { attach, type Guard } from "./attach.js";
import type { SocketScope } from "./namespace/scope.js";
import type { CheckNeeds, Guardable, OptionsFor, ScopeWith, SocketOf } from "./types.js";

/**
 * Enforces a policy on a socket.io server with all its namespaces, or on one namespace. Refused clients get a
 * `connect_error` whose `data` is `{ code, status, reason, retry }`. Listeners of the server receive only allowed
 * events, unchanged and in order.
 *
 * Headers that rules set at connect, such as a session cookie, are sent to a polling client with the next response. On
 * a WebSocket they are dropped, because it is open before any rule is evaluated.
 *
 * @param io A server, in use or not, or one of its namespaces, as in `io.of("/admin")`. The guard of a namespace takes
 *   precedence over the guard of the server.
 * @param policy A policy of `definePolicy`. If its rules need more scope than every handshake has, `authenticate` must
 *   return it.
 * @param options See {@link SocketGuardOptions}.
 * @returns The guard: `sessions`, `sessionOf`, `findSession`, `replace`, `audit`, `close`.
 * @throws {PermissionMisuse} When `io` is no socket.io server or namespace, is already guarded, or an option is
 *   invalid.
 * @example
 * ```ts
 * import { guard } from "@portcullis/adapter-socketio";
 * import { AllowAny, definePolicy, IsAuthenticated } from "@portcullis/core";
 * import { Server } from "socket.io";
 *
 * const io = new Server();
 * const policy = definePolicy({ actions: { ping: AllowAny, "chat.send": IsAuthenticated } });
 * guard(io, policy, {
 *   authenticate: ({ handshake }) => ({ user: handshake.auth.token === "ann" ? { id: 1 } : null }),
 * });
 * io.on("connection", (socket) => {
 *   socket.on("chat.send", (text, answer) => {
 *     if (typeof answer === "function") answer("allowed");
 *   });
 * });
 * ```
 */
export function guard<S, N extends string, T extends Guardable, Extra = unknown>(
  io: T,
  policy: PolicyFor<S, N>,
  options: OptionsFor<S, T, Extra>,
): Guard<PolicyFor<ScopeWith<Extra>>, ScopeWith<Extra>, N, ReplaceOptions<SocketOf<T>, Extra>>;
/** Enforces a policy whose rules need no more scope than every handshake has. */
export function guard<S, N extends string>(
  io: Guardable,
  policy: PolicyFor<S, N> & CheckNeeds<S>,
): Guard<PolicyFor<SocketScope>, SocketScope, N>;
export function guard(io: unknown, policy: unknown, options = {}): Guard<never, never, never> {
  return attach("guard()", io, policy, options) as never;
}
