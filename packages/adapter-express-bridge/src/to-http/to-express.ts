import type { IncomingMessage, ServerResponse } from "node:http";
import type { Decision, Scope } from "@portcullis/core";
import type { PolicyFor, ServableConsumer } from "@portcullis/core/adapter";
import type { AnyName, AskedName } from "@portcullis/core/internal";
import { readAsk } from "./ask-policy.js";
import type { HttpQuestion } from "./decide-request.js";
import { problemOf } from "./problem-details.js";
import type { ToHttpOptions } from "./to-http-options.js";

/** The properties that are read of an Express request. */
export interface ExpressRequest extends IncomingMessage {
  readonly originalUrl?: string;
  readonly ip?: string | undefined;
  readonly secure?: boolean;
  readonly body?: unknown;
  readonly query?: unknown;
  readonly params?: unknown;
  readonly user?: unknown;
  readonly auth?: unknown;
}

/** Options of {@link toExpress}. `R` is the request type of their functions. */
export type ToExpressOptions<R = ExpressRequest, Extra = unknown> = ToHttpOptions<R, Extra>;

/** A policy whose rules read the scope `S`, or a consumer with such rules. `N` are the names of its actions. */
export type RulesFor<S = Scope, N extends string = string> = PolicyFor<S, N> | ServableConsumer<S, N>;

/**
 * Makes an Express middleware of the rule of an action. The route allows what the socket allows, and a refusal has the
 * same code and status, as problem details (RFC 9457).
 *
 * @param policy The result of `definePolicy` or `defineConsumer`. The user is the one that earlier middlewares have
 *   set. For any other scope give `authenticate`.
 * @param action The action whose rule is evaluated. A literal must be a name of the policy; a value of type `string` may
 *   be any.
 * @param options `authenticate`, `payload`, `object`, `connect`, `timeout` (milliseconds), `challenge`, `onDecision`,
 *   `trace`.
 * @returns A middleware. When the rule allows, `response.locals.evidence` holds its evidence.
 * @throws {PermissionMisuse} When the policy is not one, has no such action, or needs an object and `object` is
 *   missing.
 * @example
 * ```ts
 * import { toExpress } from "@portcullis/adapter-express-bridge";
 * import { definePolicy, IsAuthenticated } from "@portcullis/core";
 * import express from "express";
 *
 * const policy = definePolicy({ actions: { "report.create": IsAuthenticated } });
 * const app = express();
 * app.post("/reports", toExpress(policy, "report.create"), (_request, response) => {
 *   response.status(201).json({ id: 1 });
 * });
 * ```
 */
export function toExpress<
  R extends IncomingMessage = ExpressRequest,
  Extra = unknown,
  N extends string = string,
  Q extends AnyName<N> = AnyName<N>,
>(
  policy: RulesFor<never, N>,
  action: AskedName<N, Q>,
  options: ToExpressOptions<R, Extra> = {},
): (request: R, response: ServerResponse, next: (error?: unknown) => void) => Promise<void> {
  const ask = readAsk("toExpress()", policy, action, options);
  const { challenge = "Bearer" } = options;
  return async function permission(request, response, next) {
    let decision: Decision;
    try {
      decision = await ask(questionOf(request, response));
      if (decision.outcome === "allow") {
        const extended = response as ServerResponse & { locals?: Record<string, unknown> };
        extended.locals = Object.assign(extended.locals ?? {}, { evidence: decision.evidence ?? {} });
      }
    } catch (error) {
      // A getter that an earlier middleware put on the request has thrown. It counts as an error of that middleware.
      next(error ?? new Error("a request cannot be read"));
      return;
    }
    if (decision.outcome === "allow") {
      next();
      return;
    }
    if (response.headersSent || response.writableEnded) return;
    const { status, headers, body: text } = problemOf(decision, challenge);
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.statusCode = status;
    response.end(text);
  };
}

function questionOf<R extends IncomingMessage>(request: R, response: ServerResponse): HttpQuestion<R> {
  const input = request as ExpressRequest;
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const { ip, secure, originalUrl = input.url as string, method, query, body, params } = input;
  return {
    from: request,
    request,
    known: { url: originalUrl, remoteAddress: ip, secure },
    parts: { method, query, body, params },
    user: input.user ?? input.auth ?? null,
    signal: gone.signal,
  };
}
