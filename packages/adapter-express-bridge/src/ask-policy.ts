import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import {
  type Decision,
  deny,
  fault,
  type MaybePromise,
  type Payload,
  PermissionDenied,
  PermissionMisuse,
  type Policy,
  type Scope,
} from "@portcullis/core";
import {
  deadlinesOf,
  type Expiring,
  endWait,
  engineOf,
  isHeader,
  isOverdue,
  readMilliseconds,
  show,
  thrown,
} from "@portcullis/core/adapter";
import { httpScope, type KnownOfRequest } from "./http-scope.js";
import { mustBe } from "./options.js";

/** Options that `toExpress` and `toKoa` have in common. `From` is the request, or the context. */
export interface ToHttpOptions<From> {
  /**
   * Says who is there, from what earlier middlewares have found. Default: `{ user }`, where they put it. Throws
   * `PermissionDenied` to refuse.
   */
  authenticate?: (from: From) => unknown;
  /** What the rules see as the payload. Default: query, body and route params; of the same name the last counts. */
  payload?: (from: From) => MaybePromise<Payload>;
  /** Loads the object for rules that know objects. Nothing is a 404. */
  object?: (from: From, payload: Payload) => unknown;
  /** Whether the policy's connect rule is asked too, as every client of the socket was. Default `true`. */
  connect?: boolean;
  /** Milliseconds for all of it, `authenticate` and the loading of the object included. Default 10,000. */
  timeout?: number;
  /** The `WWW-Authenticate` of a 401. Default `Bearer`. */
  challenge?: string;
  /** Hears every decision. Without it, the causes of faults are printed. */
  onDecision?: (decision: Decision, from: From) => void;
}

/** One request, as a framework has it. */
export interface HttpQuestion<From> {
  readonly from: From;
  readonly request: IncomingMessage;
  readonly known: KnownOfRequest;
  /** What the framework has read as the payload. */
  readonly payload: Payload;
  /** What earlier middlewares have found. */
  readonly user: unknown;
  readonly signal: AbortSignal;
}

/** Asks the rule of one action about requests. Never rejects. */
export type AskHttp<From> = (question: HttpQuestion<From>) => Promise<Decision>;

const KEYS = ["authenticate", "payload", "object", "connect", "timeout", "challenge", "onDecision"];
const FUNCTIONS = ["authenticate", "payload", "object", "onDecision"] as const;
const NOT_THERE = deny("not_found", { status: 404, reason: "Not found." });

/**
 * Prepares to ask the rule of one action.
 *
 * @throws {PermissionMisuse} When it is no policy, does not know the action, or needs an object that nobody loads.
 */
export function readAsk<From>(
  place: string,
  policy: Pick<Policy, "~types" | "describe">,
  action: string,
  options: ToHttpOptions<From>,
): AskHttp<From> {
  checkOptions(place, options);
  const engine: Asked = checkRule(place, policy, action, options);
  const { onDecision, timeout = 10_000 } = options;
  readMilliseconds(timeout, "`timeout`");
  return async (question) => {
    const decided = decide(engine, action, options, question).catch((error: unknown) => thrown(error, place));
    const decision = await within(timeout, decided);
    report(decision, place, onDecision && ((made) => onDecision(made, question.from)));
    return decision;
  };
}

const TIMED_OUT = fault("permission_timeout");

/** What is decided, or a fault once its time is up. */
function within(timeout: number, decided: Promise<Decision>): Promise<Decision> {
  return new Promise((resolve) => {
    const wait: Expiring = { previous: undefined, next: undefined, due: 0, expire: () => resolve(TIMED_OUT) };
    deadlinesOf(timeout).add(wait);
    void decided.then((decision) => {
      const isLate = isOverdue(wait);
      endWait(wait);
      resolve(isLate ? TIMED_OUT : decision);
    });
  });
}

function checkOptions<From>(place: string, options: ToHttpOptions<From>): void {
  const unknown = Object.keys(options).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) {
    throw new PermissionMisuse(`${place} has no option \`${unknown}\`: the options are ${KEYS.join(", ")}`);
  }
  for (const key of FUNCTIONS) {
    if (options[key] !== undefined) mustBe(typeof options[key] === "function", place, key, options[key], "a function");
  }
  const { connect = true, challenge = "Bearer" } = options;
  mustBe(typeof connect === "boolean", place, "connect", connect, "true or false");
  const isChallenge = typeof challenge === "string" && isHeader("www-authenticate", challenge);
  mustBe(isChallenge, place, "challenge", challenge, "a header value, as in 'Bearer realm=\"app\"'");
}

function checkRule<From>(place: string, policy: unknown, action: unknown, { object }: ToHttpOptions<From>): Asked {
  const engine = engineOf(policy, place);
  const { rules } = engine;
  if (typeof action !== "string" || (rules.table && !rules.table.has(action))) {
    throw new PermissionMisuse(`${place} got ${show(action)} as its action, which is not in the policy's \`actions\``);
  }
  const entry = rules.entryOf(action);
  if (entry.isParsed) {
    throw new PermissionMisuse(`${place}: the action \`${action}\` parses its input, which only its consumer can do`);
  }
  if (entry.pending && entry.objects === undefined && object === undefined) {
    throw new PermissionMisuse(
      `${place}: the rule of \`${action}\` only knows objects: give { object: (request) => ... }`,
    );
  }
  return engine as never;
}

/** The questions of a policy, for any scope. */
interface Asked {
  connect(scope: Scope, ...rest: Rest): MaybePromise<Decision>;
  authorize(scope: Scope, ...rest: Rest): MaybePromise<Decision>;
  authorizeObject(scope: Scope, ...rest: Rest): MaybePromise<Decision>;
}
type Rest = unknown[];

async function decide<From>(
  policy: Asked,
  action: string,
  options: ToHttpOptions<From>,
  { from, request, known, payload: read, user, signal }: HttpQuestion<From>,
): Promise<Decision> {
  let scope: Scope;
  try {
    scope = httpScope(request, known, options.authenticate ? await options.authenticate(from) : { user });
  } catch (error) {
    return thrown(error, "authenticate", "deny", "not_authenticated");
  }
  const consumer = { id: randomUUID(), transport: "http", raw: request, close: () => void request.destroy() };
  const asked = { signal };
  if (options.connect !== false) {
    const connected = await policy.connect(scope, consumer, undefined, asked);
    if (connected.outcome !== "allow") return connected;
  }
  const payload = options.payload ? await options.payload(from) : read;
  const decision = await policy.authorize(scope, consumer, action, payload, asked);
  if (decision.outcome !== "allow" || options.object === undefined) return decision;
  const object = await options.object(from, payload);
  if (object === undefined || object === null) return NOT_THERE;
  return policy.authorizeObject(scope, consumer, action, payload, object, asked);
}

function report(decision: Decision, place: string, onDecision: ((decision: Decision) => void) | undefined): void {
  try {
    if (onDecision) onDecision(decision);
    else if (decision.error !== undefined && !PermissionDenied.isInstance(decision.error)) {
      console.error(`${decision.code} in ${decision.by || place}:`, decision.error);
    }
  } catch (error) {
    console.error("onDecision has thrown:", error);
  }
}

/** The fields a request brings, as one payload: names come from the client, so it has no prototype. */
export function payloadOf(...parts: unknown[]): Payload {
  const fields = parts.filter((part) => typeof part === "object" && part !== null && !Array.isArray(part));
  return Object.assign(Object.create(null), ...fields);
}
