import type { IncomingMessage } from "node:http";
import type { ReplaceOptions, Scope } from "@portcullis/core";
import type { ScopeWith, ServableConsumer } from "@portcullis/core/adapter";
import type { CheckNeeds } from "@portcullis/core/internal";
import type { WebSocketServer } from "ws";
import { attach, type Guard } from "./attach.js";
import type { OptionsFor } from "./types.js";

/**
 * Serves a consumer (rules with handlers) over a WebSocket server. Handlers answer the messages; `message` listeners
 * receive none.
 *
 * @param wss A server of ws, made with `server`, `port` or `noServer`.
 * @param consumer A consumer of `defineConsumer()`.
 * @param options As for {@link guard}.
 * @returns The guard: `sessions`, `sessionOf`, `findSession`, `replace`, `audit`, `close`.
 * @throws {PermissionMisuse} When `wss` is not a server of ws, is guarded already, or an option is wrong.
 * @example
 * ```ts
 * import { serve } from "@portcullis/adapter-ws";
 * import { AllowAny } from "@portcullis/core";
 * import { defineConsumer } from "@portcullis/core/consumer";
 * import { WebSocketServer } from "ws";
 *
 * const echo = defineConsumer().action("echo", AllowAny, ({ payload }) => payload.text);
 * serve(new WebSocketServer({ noServer: true }), echo);
 * ```
 */
export function serve<S, N extends string, Extra = unknown>(
  wss: WebSocketServer,
  consumer: ServableConsumer<S, N>,
  options: OptionsFor<S, Extra>,
): Guard<ServableConsumer<ScopeWith<Extra>>, ScopeWith<Extra>, N, ReplaceOptions<IncomingMessage, Extra>>;
/** Serves a consumer whose rules need no more scope than every handshake has. */
export function serve<S, N extends string>(
  wss: WebSocketServer,
  consumer: ServableConsumer<S, N> & CheckNeeds<S>,
): Guard<ServableConsumer<Scope>, Scope, N>;
export function serve(wss: WebSocketServer, consumer: unknown, options = {}): Guard<never, never, never> {
  return attach("serve()", wss, consumer, options) as never;
}
