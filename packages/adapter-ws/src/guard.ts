import type { IncomingMessage } from "node:http";
import type { ReplaceOptions, Scope } from "@portcullis/core";
import type { PolicyFor, ScopeWith } from "@portcullis/core/adapter";
import type { CheckNeeds } from "@portcullis/core/internal";
import type { WebSocketServer } from "ws";
import { attach, type Guard } from "./attach.js";
import type { OptionsFor } from "./types.js";

/**
 * Enforces a policy on a WebSocket server. Refused clients are rejected during the handshake; `message` listeners receive
 * only allowed messages, unchanged and in order.
 *
 * @param wss A server of ws, made with `server`, `port` or `noServer`. Connections that are already open are closed
 *   with 1012.
 * @param policy A policy of `definePolicy`. `authenticate` must return the fields of the scope that its rules need.
 * @param options See {@link WsGuardOptions}.
 * @returns The guard: `sessions`, `sessionOf`, `findSession`, `replace`, `audit`, `close`.
 * @throws {PermissionMisuse} When `wss` is not a server of ws, is guarded already, or an option is wrong.
 * @example
 * ```ts
 * import { guard } from "@portcullis/adapter-ws";
 * import { AllowAny, definePolicy, IsAuthenticated } from "@portcullis/core";
 * import { WebSocketServer } from "ws";
 *
 * const wss = new WebSocketServer({ noServer: true });
 * const policy = definePolicy({ actions: { ping: AllowAny, "chat.send": IsAuthenticated } });
 * guard(wss, policy, {
 *   authenticate: ({ headers }) => ({ user: headers.authorization === "Bearer ann" ? { id: 1 } : null }),
 * });
 * wss.on("connection", (ws) => ws.on("message", (data) => ws.send(data)));
 * ```
 */
export function guard<S, N extends string, Extra = unknown>(
  wss: WebSocketServer,
  policy: PolicyFor<S, N>,
  options: OptionsFor<S, Extra>,
): Guard<PolicyFor<ScopeWith<Extra>>, ScopeWith<Extra>, N, ReplaceOptions<IncomingMessage, Extra>>;
/** Enforces a policy whose rules need no more scope than every handshake has. */
export function guard<S, N extends string>(
  wss: WebSocketServer,
  policy: PolicyFor<S, N> & CheckNeeds<S>,
): Guard<PolicyFor<Scope>, Scope, N>;
export function guard(wss: WebSocketServer, policy: unknown, options = {}): Guard<never, never, never> {
  return attach("guard()", wss, policy, options) as never;
}
