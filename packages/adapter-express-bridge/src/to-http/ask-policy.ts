import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import {
  type Authenticate,
  type Decision,
  fault,
  type MaybePromise,
  type Payload,
  PermissionMisuse,
  type Scope,
} from "@portcullis/core";
import { BAD_TARGET, decisionFromError, pathOf } from "@portcullis/core/adapter";
import {
  type AnswerRecord,
  cancelTimeout,
  createAnswerRecord,
  engineOf,
  FaultLog,
  isHeader,
  isOverdue,
  notAuthenticated,
  type Phase,
  type PolicyEngine,
  printError,
  readLoaded,
  readMilliseconds,
  refusalIn,
  show,
  type TimeoutNode,
  type Traces,
  timeoutListOf,
  traces,
} from "@portcullis/core/internal";
import { assertOption } from "../exchange/assert-option.js";
import { payloadOf, type RequestParts } from "./request-payload.js";
import { httpScope, type KnownOfRequest } from "./request-scope.js";

/** Options that `toExpress` and `toKoa` have in common. `From` is the Express request or the Koa context. */
export interface ToHttpOptions<From, Extra = unknown> {
  /**
   * Identifies the user from the data that earlier middlewares have set. Default: `{ user }`, with `request.user` or
   * `request.auth` (Koa: `ctx.state.user` or `ctx.req.user`). Throws `PermissionDenied` to refuse. A promise inside the
   * returned object is a fault.
   */
  authenticate?: Authenticate<[from: From], Extra>;
  /**
   * Makes the payload that the rules see. Default: query, route params, and the body unless the method is GET or HEAD.
   * A name with different values in two of them is refused (400), and so is a body that is not an object. A body that
   * no parser has read is a fault, so the parser must run before.
   */
  payload?: (from: From) => MaybePromise<Payload>;
  /** Loads the object for object rules. A missing object is a 404. A returned `deny()` or `fault()` is that refusal. */
  object?: (from: From, payload: Payload) => unknown;
  /** True when the connect rule of the policy is evaluated too, as for every client of the socket. Default `true`. */
  connect?: boolean;
  /** Milliseconds for the whole decision, including `authenticate` and the loading of the object. Default 10,000. */
  timeout?: number;
  /** The `WWW-Authenticate` header of a 401 (RFC 9110, section 11.6.1). Default `Bearer`. */
  challenge?: string;
  /**
   * Receives every decision, and how it was made. An error that it throws is printed and changes nothing. Without it,
   * the causes of faults from status 500 on are printed, and so are mistakes that a developer must correct.
   */
  onDecision?: (decision: Decision, from: From, made: HttpDecisionDetails) => MaybePromise<void>;
  /** True when the answers of all rules are recorded for `onDecision`. Default `false`. */
  trace?: boolean;
}

/** How a decision was made, for `onDecision`. */
export interface HttpDecisionDetails {
  /** The phase of the decision. `connect` when the request was refused before a rule of the action was evaluated. */
  readonly phase: Phase;
  /** The evaluated rules and their answers, with `trace: true`. */
  readonly trace?: Traces;
}

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

/** Evaluates the rule of one action for a request. Never rejects. */
export type AskHttp<From> = (question: HttpQuestion<From>) => Promise<Decision>;

const KEYS = ["authenticate", "payload", "object", "connect", "timeout", "challenge", "onDecision", "trace"];
const FUNCTIONS = ["authenticate", "payload", "object", "onDecision"] as const;
const SWITCHES = ["connect", "trace"] as const;

/**
 * Prepares the evaluation of the rule of one action.
 *
 * @throws {PermissionMisuse} When the policy is not one, has no such action, or needs an object and `object` is
 *   missing.
 */
export function readAsk<From>(
  caller: string,
  policy: unknown,
  action: string,
  options: ToHttpOptions<From>,
): AskHttp<From> {
  checkOptions(caller, options);
  const engine = checkRule(caller, policy, action, options);
  const { onDecision, timeout = 10_000 } = options;
  readMilliseconds(timeout, "`timeout`");
  const log = new FaultLog();
  return async (question) => {
    const progress: Progress = { phase: "connect", watch: undefined };
    const decided = decide({ policy: engine, action, options }, question, progress).catch((error: unknown) =>
      decisionFromError(error, caller),
    );
    const decision = await within(timeout, decided);
    const { phase, watch } = progress;
    report(
      () => log.tell(decision, action),
      onDecision &&
        (() => {
          const traced = options.trace && watch && { trace: traces(engine.rules, phase, action, watch.answers) };
          return onDecision(decision, question.from, { phase, ...traced });
        }),
    );
    return decision;
  };
}

/** The current phase of an evaluation and its answers, which are also valid at the deadline. */
interface Progress {
  phase: Phase;
  watch: AnswerRecord | undefined;
}

const TIMED_OUT = fault("permission_timeout");

/** Resolves with the decision, or with a fault once the deadline has passed. */
function within(timeout: number, decided: Promise<Decision>): Promise<Decision> {
  return new Promise((resolve) => {
    const wait: TimeoutNode = { previous: undefined, next: undefined, due: 0, expire: () => resolve(TIMED_OUT) };
    timeoutListOf(timeout).add(wait);
    void decided.then((decision) => {
      const isLate = isOverdue(wait);
      cancelTimeout(wait);
      resolve(isLate ? TIMED_OUT : decision);
    });
  });
}

function checkOptions<From>(caller: string, options: ToHttpOptions<From>): void {
  const unknown = Object.keys(options).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) {
    throw new PermissionMisuse(`${caller} has no option \`${unknown}\`: the options are ${KEYS.join(", ")}`);
  }
  for (const key of FUNCTIONS) {
    if (options[key] !== undefined)
      assertOption(typeof options[key] === "function", { caller, key, value: options[key] }, "a function");
  }
  for (const key of SWITCHES) {
    if (options[key] !== undefined)
      assertOption(typeof options[key] === "boolean", { caller, key, value: options[key] }, "true or false");
  }
  const { challenge } = options;
  const isChallenge = challenge === undefined || isHeader("www-authenticate", challenge);
  assertOption(
    isChallenge,
    { caller, key: "challenge", value: challenge },
    "a header value, as in 'Bearer realm=\"app\"'",
  );
}

function checkRule<From>(
  caller: string,
  policy: unknown,
  action: unknown,
  { object }: ToHttpOptions<From>,
): PolicyEngine {
  const engine = engineOf(policy, caller);
  const { rules } = engine;
  if (typeof action !== "string" || (rules.table && !rules.table.has(action))) {
    const known = rules.table ? `one of the policy: ${[...rules.table.keys()].join(", ")}` : "its name";
    throw new PermissionMisuse(`${caller} got ${show(action)} as its action: give ${known}`);
  }
  const entry = rules.entryOf(action);
  if (entry.isParsed) {
    throw new PermissionMisuse(`${caller}: the action \`${action}\` parses its input, which only its consumer can do`);
  }
  if (entry.handsOn) {
    throw new PermissionMisuse(`${caller}: a rule of \`${action}\` hands on a payload, which only serve() can do`);
  }
  if (entry.pending && entry.objects === undefined && object === undefined) {
    throw new PermissionMisuse(
      `${caller}: the rule of \`${action}\` only knows objects: give { object: (request) => ... }`,
    );
  }
  return engine;
}

/** The rule of one route. */
interface RouteRule<From> {
  readonly policy: PolicyEngine;
  readonly action: string;
  readonly options: ToHttpOptions<From>;
}

async function decide<From>(
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

function report(print: () => void, tell: (() => MaybePromise<void>) | undefined): void {
  try {
    if (tell) Promise.resolve(tell()).catch(printThrown);
    else print();
  } catch (error) {
    printThrown(error);
  }
}

function printThrown(error: unknown): void {
  printError("onDecision has thrown:", error);
}
