import type { IncomingMessage, ServerResponse } from "node:http";
import type { AnyName, AskedName } from "@portcullis/core/internal";
import { readAsk } from "./ask-policy.js";
import { problemOf } from "./problem-details.js";
import type { RulesFor } from "./to-express.js";
import type { ToHttpOptions } from "./to-http-options.js";

/** The properties that are used of a Koa context. */
export interface KoaRequestContext {
  readonly req: IncomingMessage & { readonly user?: unknown };
  readonly res: ServerResponse;
  readonly request: object;
  readonly originalUrl: string;
  readonly ip: string;
  readonly secure: boolean;
  readonly query: object;
  readonly state: Record<string, unknown>;
  status: number;
  body: unknown;
  set(headers: Record<string, string>): void;
}

/** Options of {@link toKoa}. `C` is the context type of their functions. */
export type ToKoaOptions<C = KoaRequestContext, Extra = unknown> = ToHttpOptions<C, Extra>;

/**
 * Makes a Koa middleware of the rule of an action. The route allows what the socket allows, and a refusal has the same
 * code and status, as problem details (RFC 9457).
 *
 * @param policy The result of `definePolicy` or `defineConsumer`. The user is the one that earlier middlewares have
 *   set. For any other scope give `authenticate`.
 * @param action The action whose rule is evaluated. A literal must be a name of the policy; a value of type `string` may
 *   be any.
 * @param options `authenticate`, `payload`, `object`, `connect`, `timeout` (milliseconds), `challenge`, `onDecision`,
 *   `trace`.
 * @returns A middleware. When the rule allows, `ctx.state.evidence` holds its evidence.
 * @throws {PermissionMisuse} When the policy is not one, has no such action, or needs an object and `object` is
 *   missing.
 * @example
 * ```ts
 * import { toKoa } from "@portcullis/adapter-express-bridge/koa";
 * import { definePolicy, IsAuthenticated } from "@portcullis/core";
 * import Koa from "koa";
 *
 * const policy = definePolicy({ actions: { "report.create": IsAuthenticated } });
 * const app = new Koa();
 * app.use(toKoa(policy, "report.create"));
 * app.use((ctx) => {
 *   ctx.status = 201;
 * });
 * ```
 */
export function toKoa<
  C extends KoaRequestContext = KoaRequestContext,
  Extra = unknown,
  N extends string = string,
  Q extends AnyName<N> = AnyName<N>,
>(
  policy: RulesFor<never, N>,
  action: AskedName<N, Q>,
  options: ToKoaOptions<C, Extra> = {},
): (context: C, next: () => Promise<unknown>) => Promise<void> {
  const ask = readAsk("toKoa()", policy, action, options);
  const { challenge = "Bearer" } = options;
  return async function permission(context, next) {
    const gone = new AbortController();
    // A request closes as soon as its body is read. A response closes when it is sent or the client is gone.
    context.res.once("close", () => gone.abort());
    const { body } = context.request as { body?: unknown };
    const { params } = context as { params?: unknown };
    const decision = await ask({
      from: context,
      request: context.req,
      known: { url: context.originalUrl, remoteAddress: context.ip, secure: context.secure },
      parts: { method: context.req.method, query: context.query, body, params },
      user: context.state.user ?? context.req.user ?? null,
      signal: gone.signal,
    });
    if (decision.outcome === "allow") {
      context.state.evidence = decision.evidence ?? {};
      await next();
      return;
    }
    const { status, headers, body: text } = problemOf(decision, challenge);
    context.status = status;
    context.body = text;
    context.set({ ...headers });
  };
}
