import { type Decision, fault, type MaybePromise, PermissionMisuse } from "@portcullis/core";
import { decisionFromError } from "@portcullis/core/adapter";
import {
  cancelTimeout,
  engineOf,
  FaultLog,
  isOverdue,
  type PolicyEngine,
  readMilliseconds,
  show,
  type TimeoutNode,
  timeoutListOf,
  traces,
} from "@portcullis/core/internal";
import { decideRequest, type HttpQuestion, type Progress } from "./decide-request.js";
import { checkOptions, type ToHttpOptions } from "./to-http-options.js";

/** Evaluates the rule of one action for a request. Never rejects. */
export type AskHttp<From> = (question: HttpQuestion<From>) => Promise<Decision>;

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
    const decided = decideRequest({ policy: engine, action, options }, question, progress).catch((error: unknown) =>
      decisionFromError(error, caller),
    );
    const decision = await within(timeout, decided);
    const { phase, watch } = progress;
    report(
      log,
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
  if (entry.needsObject && entry.objects === undefined && object === undefined) {
    throw new PermissionMisuse(
      `${caller}: the rule of \`${action}\` only knows objects: give { object: (request) => ... }`,
    );
  }
  return engine;
}

function report(log: FaultLog, print: () => void, tell: (() => MaybePromise<void>) | undefined): void {
  const printThrown = (error: unknown) => log.tellThrown("onDecision", error);
  try {
    if (tell) Promise.resolve(tell()).catch(printThrown);
    else print();
  } catch (error) {
    printThrown(error);
  }
}
