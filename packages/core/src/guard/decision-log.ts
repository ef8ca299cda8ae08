import type { Decision } from "../decision/decision-types.js";
import type { AnswerRecord } from "../engine/record.js";
import type { Rules } from "../policy/compiled-rules.js";
import { type Traces, traces } from "../policy/trace.js";
import type { Consumer, MaybePromise, Payload, Scope } from "../types.js";
import { isThenable } from "../util/thenable.js";
import type { DecisionPhase } from "./decision-phase.js";
import { FaultLog } from "./fault-log.js";
import type { GuardSession } from "./guard-session.js";
import type { RefusalReport } from "./refused.js";
import { isDevelopment, SetupHints } from "./setup-hints.js";

/** One decision of a guard, for `onDecision`. */
export interface DecisionEvent {
  readonly phase: DecisionPhase;
  /** `connect` at connect. */
  readonly action: string;
  readonly decision: Decision;
  readonly scope: Scope;
  readonly consumer: Consumer;
  /** `undefined` before the connection is open. */
  readonly session: GuardSession | undefined;
  /** The duration of the decision, `authenticate` included. */
  readonly milliseconds: number;
  /** With `trace: true`: the rules that were asked, and their answers. */
  readonly trace?: Traces;
}

/** The options of a log. */
export interface DecisionLogOptions {
  onDecision?: (event: DecisionEvent) => MaybePromise<void>;
  trace?: boolean;
  hints?: boolean;
  authenticate?: unknown;
}

/** One decision to be reported. */
export interface DecisionReport extends Omit<DecisionEvent, "milliseconds" | "trace"> {
  readonly answers: AnswerRecord | undefined;
  /** The value of `now()` when the decision began. */
  readonly startedAt: number;
  /** The payload of a message that the codec could not read as a request. */
  readonly payload?: Payload;
}

/** Reports decisions to `onDecision`; without it, prints the causes of faults. */
export class DecisionLog {
  /** The rules that decide, for traces. */
  readonly rules: Rules;
  /** True when `onDecision` is set and gets every decision. */
  readonly isObserved: boolean;
  readonly isTracing: boolean;
  readonly #onDecision: DecisionLogOptions["onDecision"];
  readonly #faults = new FaultLog();
  readonly #hints: SetupHints | undefined;

  constructor(rules: Rules, { onDecision, trace, hints = isDevelopment(), authenticate }: DecisionLogOptions) {
    this.rules = rules;
    this.isObserved = onDecision !== undefined;
    this.isTracing = trace === true;
    this.#onDecision = onDecision;
    this.#hints = hints ? new SetupHints(authenticate !== undefined) : undefined;
  }

  /** The monotonic time in milliseconds; 0 when durations are not reported. */
  now(): number {
    return this.isObserved ? performance.now() : 0;
  }

  /** False for a decision of which a report would change nothing. */
  wants(decision: Decision): boolean {
    return this.isObserved || decision.outcome !== "allow";
  }

  /** Reports one decision. Never throws. */
  report(report: DecisionReport): void {
    const onDecision = this.#onDecision;
    if (report.decision.outcome !== "allow") this.#hints?.tell(report, this.rules);
    if (onDecision === undefined) {
      // Without a listener, faults are printed.
      this.#faults.tell(report.decision, report.action);
      return;
    }
    const milliseconds = performance.now() - report.startedAt;
    const printThrown = (error: unknown) => this.#faults.tellThrown("onDecision", error);
    try {
      const later: unknown = onDecision(this.#eventOf(report, milliseconds));
      if (isThenable(later)) later.then(undefined, printThrown);
    } catch (error) {
      printThrown(error);
    }
  }

  /** Takes what `authenticate` has returned, for hints. Never throws. */
  notice(extra: unknown): void {
    this.#hints?.notice(extra);
  }

  /** Prints the hint for a refusal that was reported before, if there is one. Never throws. */
  hint(refusal: RefusalReport): void {
    this.#hints?.tell(refusal, this.rules);
  }

  /** True when hints are printed. */
  get givesHints(): boolean {
    return this.#hints !== undefined;
  }

  /** Prints a hint that no refusal shows, once. */
  hintOnce(hint: string): void {
    this.#hints?.tellOnce(hint);
  }

  /** Reports a decision that took no time, and of which there are no answers. Never throws. */
  reportNow(event: Omit<DecisionReport, "answers" | "startedAt">): void {
    this.report({ ...event, answers: undefined, startedAt: this.now() });
  }

  #eventOf(report: DecisionReport, milliseconds: number): DecisionEvent {
    const { phase, action, decision, scope, consumer, session, answers } = report;
    const event = { phase, action, decision, scope, consumer, session, milliseconds };
    if (!this.isTracing || answers === undefined) return event;
    const asked = phase === "action" || phase === "object" ? phase : "connect";
    return { ...event, trace: traces(this.rules, asked, action, answers.answers) };
  }
}
