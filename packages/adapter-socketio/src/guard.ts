import type { PolicyFor } from "@portcullis/core/adapter";
import { attach, type Guard } from "./attach.js";
import type { Authenticated, Guardable, OptionsFor, ScopeWith } from "./types.js";

/**
 * Enforces a policy on a server of socket.io, with all its namespaces, or on one namespace. Refused clients get a
 * `connect_error` with `{ code, status, reason, retry }` as its `data`. Listeners of the server receive only allowed events,
 * unchanged and in order.
 *
 * Headers that rules set at connect, such as the cookie of a session, go out with the next response to a client that
 * polls. On a WebSocket they are dropped: it was opened before anybody was asked.
 *
 * @param io A server, in use or not, or a namespace of one, as in `io.of("/admin")`; its own guard counts before the
 *   server's.
 * @param policy A policy of `definePolicy`. The scope that its rules need must be returned by `authenticate`.
 * @param options `authenticate`, `origins`, `payload`, `denied`, `timeout` (milliseconds), `limits`, `onDecision`,
 *   `trace`.
 * @returns The guard: its `sessions`, `replace`, `audit`, `close`.
 * @throws {PermissionMisuse} When this is no server of socket.io, or it is guarded already, or an option is wrong.
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
export function guard<S, T extends Guardable, Extra extends Authenticated<S> = Authenticated<S>>(
  io: T,
  policy: PolicyFor<S>,
  ...[options = {}]: OptionsFor<S, T, Extra>
): Guard<PolicyFor<ScopeWith<Extra>>, ScopeWith<Extra>> {
  return attach("guard()", io, policy, options as object);
}
