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

/** Options that `toExpress` and `toKoa` have in common. `From` is the request, or the context. */
export interface ToHttpOptions<From, Extra = unknown> {
  /**
   * Says who is there, from what earlier middlewares have found. Default: `{ user }`, where they put it. Throws
   * `PermissionDenied` to refuse. A promise in what it returns is a fault.
   */
  authenticate?: Authenticate<[from: From], Extra>;
  /**
   * What the rules see as the payload. Default: query, route params, and the body of what is neither GET nor HEAD. A name
   * that two of them bring with different values is refused (400), and so is a body that is no object. A body that nobody
   * has read yet is a fault: the parser stands in front.
   */
  payload?: (from: From) => MaybePromise<Payload>;
  /** Loads the object for rules that know objects. Nothing is a 404; a returned `deny()` or `fault()` is that refusal. */
  object?: (from: From, payload: Payload) => unknown;
  /** Whether the policy's connect rule is asked too, as every client of the socket was. Default `true`. */
  connect?: boolean;
  /** Milliseconds for all of it, `authenticate` and the loading of the object included. Default 10,000. */
  timeout?: number;
  /** The `WWW-Authenticate` of a 401. Default `Bearer`. */
  challenge?: string;
  /**
   * Hears every decision, and how it was made. What it throws is printed and changes nothing. Without it, the causes of
   * faults from 500 on are printed, and what a developer has to write otherwise.
   */
  onDecision?: (decision: Decision, from: From, made: HttpDecisionDetails) => MaybePromise<void>;
  /** Records what every rule answered, for `onDecision`. */
  trace?: boolean;
}

/** How a decision was made, for `onDecision`. */
export interface HttpDecisionDetails {
  /** Which question it answers. `connect` where it was refused before a rule of the action was asked. */
  readonly phase: Phase;
  /** With `trace: true`: the rules that were asked, and what they answered. */
  readonly trace?: Traces;
}

/** One request, as a framework has it. */
export interface HttpQuestion<From> {
  readonly from: From;
  readonly request: IncomingMessage;
  readonly known: KnownOfRequest;
  /** What the framework has read of it. */
  readonly parts: RequestParts;
  /** What earlier middlewares have found. */
  readonly user: unknown;
  readonly signal: AbortSignal;
}

/** Asks the rule of one action about requests. Never rejects. */
export type AskHttp<From> = (question: HttpQuestion<From>) => Promise<Decision>;

const KEYS = ["authenticate", "payload", "object", "connect", "timeout", "challenge", "onDecision", "trace"];
const FUNCTIONS = ["authenticate", "payload", "object", "onDecision"] as const;
const SWITCHES = ["connect", "trace"] as const;

/**
 * Prepares to ask the rule of one action.
 *
 * @throws {PermissionMisuse} When it is no policy, does not know the action, or needs an object that nobody loads.
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

/** How far the asking has come: what is true of it at the deadline, too. */
interface Progress {
  phase: Phase;
  watch: AnswerRecord | undefined;
}

const TIMED_OUT = fault("permission_timeout");

/** What is decided, or a fault once its time is up. */
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

/** The rule in front of one route. */
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
  /** Begins a question. With an object, its rules are asked with the answers that are there already. */
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
