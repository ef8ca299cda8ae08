import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Decision, Scope } from "@portcullis/core";
import { BAD_TARGET, pathOf } from "@portcullis/core/adapter";
import {
  type AnswerRecord,
  createAnswerRecord,
  notAuthenticated,
  type Phase,
  type PolicyEngine,
  readLoaded,
  refusalIn,
} from "@portcullis/core/internal";
import { payloadOf, type RequestParts } from "./request-payload.js";
import { httpScope, type KnownOfRequest } from "./request-scope.js";
import type { ToHttpOptions } from "./to-http-options.js";

/** One request, as a framework represents it. */
export interface HttpQuestion<From> {
  readonly from: From;
  readonly request: IncomingMessage;
  readonly known: KnownOfRequest;
  /** The parts that the framework has parsed. */
  readonly parts: RequestParts;
  /** The user that earlier middlewares have set. */
  readonly user: unknown;
  readonly signal: AbortSignal;
}

/** The current phase of an evaluation and its answers, which are also valid at the deadline. */
export interface Progress {
  phase: Phase;
  watch: AnswerRecord | undefined;
}

/** The rule of one route. */
export interface RouteRule<From> {
  readonly policy: PolicyEngine;
  readonly action: string;
  readonly options: ToHttpOptions<From>;
}

/** Authenticates the client of a request, and asks the connect rule, the rule of the action and that of the object. */
export async function decideRequest<From>(
  { policy, action, options }: RouteRule<From>,
  { from, request, known, parts, user, signal }: HttpQuestion<From>,
  progress: Progress,
): Promise<Decision> {
  if (pathOf(known.url) === undefined) return BAD_TARGET;
  let scope: Scope;
  try {
    const extra: unknown = options.authenticate ? await options.authenticate(from) : { user };
    const refusal = refusalIn(extra);
    if (refusal) return refusal;
    scope = httpScope(request, known, extra);
  } catch (error) {
    return notAuthenticated(error);
  }
  const consumer = { id: randomUUID(), transport: "http", raw: request, close: () => void request.destroy() };
  /** Begins a phase. With an object, its rules reuse the answers of the action phase. */
  const asking = (phase: "connect" | "action", isWatched = options.trace) => {
    progress.phase = phase;
    progress.watch = isWatched ? createAnswerRecord() : undefined;
    return { signal, record: progress.watch };
  };
  if (options.connect !== false) {
    const connected = await policy.decideConnect(scope, consumer, undefined, asking("connect"));
    if (connected.outcome !== "allow") return connected;
  }
  const asked = asking("action", options.trace || options.object !== undefined);
  const payload = options.payload ? await options.payload(from) : payloadOf(parts, request);
  const decision = await policy.decide(scope, consumer, action, payload, asked);
  if (decision.outcome !== "allow" || options.object === undefined) return decision;
  progress.phase = "object";
  const loaded = readLoaded(await options.object(from, payload));
  if ("outcome" in loaded) return loaded;
  return policy.decide(scope, consumer, action, payload, { ...asked, object: loaded.object });
}
