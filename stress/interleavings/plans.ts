import { abstain, deny, fault } from "@portcullis/core";
import fc from "fast-check";
import type { Order } from "./order.js";

/** The behaviour of a rule, of `authenticate` or of a loader. */
export const VERDICTS = ["allow", "deny", "abstain", "fault", "throw", "nonsense", "hang"] as const;
export type Verdict = (typeof VERDICTS)[number];

export interface Answer {
  readonly verdict: Verdict;
  /** True when the answer is a step of its own. */
  readonly isLater: boolean;
}

/** The code that an action is refused with, by what its rule has said. */
export const CODES: Readonly<Record<Verdict, string>> = {
  allow: "allowed",
  deny: "not_now",
  abstain: "permission_denied",
  fault: "too_busy",
  throw: "permission_error",
  nonsense: "permission_error",
  hang: "permission_timeout",
};

function verdictOf(verdict: Verdict): unknown {
  if (verdict === "throw") throw new Error("planned");
  if (verdict === "deny") return deny("not_now");
  if (verdict === "abstain") return abstain();
  if (verdict === "fault") return fault("too_busy");
  return verdict === "allow" ? true : "nonsense";
}

/**
 * Answers as planned.
 *
 * @param value What stands for the verdict.
 */
export function answer(
  order: Order,
  label: string,
  { verdict, isLater }: Answer,
  settled: () => void,
  value: (verdict: Verdict) => unknown = verdictOf,
): unknown {
  if (verdict === "hang") return new Promise(() => {});
  if (!isLater) {
    settled();
    return value(verdict);
  }
  return new Promise((resolve, reject) => {
    order.add(label, () => {
      settled();
      try {
        resolve(value(verdict));
      } catch (error) {
        reject(error);
      }
    });
  });
}

/** The behaviour of a handler, beside the object check of its action. */
export const HANDLERS = [
  "returns",
  "returns later",
  "throws",
  "rejects later",
  "hangs",
  "replies twice",
  "replies, then throws",
  "asks about an object",
  "lets go of an object",
  "passes over an object",
] as const;
export type HandlerPlan = (typeof HANDLERS)[number];

/** Events beside messages and their answers. */
export const EVENTS = [
  "the client leaves",
  "the client closes",
  "the server closes",
  "the guard closes",
  "some time passes",
  "a deadline passes",
  "the drain passes",
  "another policy",
  "refresh",
  "object check",
] as const;
/** On a socket also this: the application ends it without asking the guard. */
export const SOCKET_EVENTS = [...EVENTS, "the server cuts"] as const;
export type EventName = (typeof SOCKET_EVENTS)[number];

/** Something that happens in the middle of a call of the application's code. */
export interface Reaction {
  readonly at: "rule" | "decision" | "handler";
  readonly does: EventName;
}

export interface MessagePlan {
  readonly action: "plain" | "beside" | "loaded";
  readonly rule: Answer;
  readonly object: Answer;
  readonly handler: HandlerPlan;
  readonly reaction: Reaction | undefined;
}

/** One connection: all that is said and done, but not when. */
export interface Setup {
  readonly kind: "guard" | "guard that flushes" | "serve";
  readonly authenticate: Answer;
  readonly connect: Answer;
  readonly messages: readonly MessagePlan[];
  readonly events: readonly EventName[];
  /** Number of messages that may wait. */
  readonly capacity: number;
  /** True when the client leaves after the last event. Otherwise all pending work is awaited first. */
  readonly isHasty: boolean;
}

const oneOf = <T>(values: readonly T[]) => fc.constantFrom(...values);
const verdict = fc.oneof(
  { weight: 5, arbitrary: fc.constant<Verdict>("allow") },
  { weight: 3, arbitrary: oneOf(VERDICTS) },
);
const answers: fc.Arbitrary<Answer> = fc.record({ verdict, isLater: fc.boolean() });

const messages: fc.Arbitrary<MessagePlan> = fc.record({
  action: oneOf(["plain", "plain", "beside", "loaded"] as const),
  rule: answers,
  object: answers,
  handler: oneOf(HANDLERS),
  reaction: fc.option(fc.record({ at: oneOf(["rule", "decision", "handler"] as const), does: oneOf(EVENTS) }), {
    nil: undefined,
    freq: 7,
  }),
});

const handshakes: fc.Arbitrary<Answer> = fc.record({
  verdict: fc.oneof({ weight: 9, arbitrary: fc.constant<Verdict>("allow") }, { weight: 1, arbitrary: oneOf(VERDICTS) }),
  isLater: fc.boolean(),
});

/** Any connection. Most are let in. */
export const setups: fc.Arbitrary<Setup> = fc.record({
  kind: oneOf(["guard", "guard that flushes", "serve", "serve"] as const),
  authenticate: handshakes,
  connect: handshakes,
  messages: fc.array(messages, { minLength: 1, maxLength: 5 }),
  events: fc.array(oneOf(EVENTS), { maxLength: 5 }),
  capacity: oneOf([1, 2, 100]),
  isHasty: fc.boolean(),
});

/** A connection over a socket: fewer steps, since each takes longer. */
export const socketSetups: fc.Arbitrary<Setup> = fc.record({
  kind: oneOf(["guard", "serve"] as const),
  authenticate: handshakes,
  connect: handshakes,
  messages: fc.array(messages, { minLength: 1, maxLength: 4 }),
  events: fc.array(oneOf(SOCKET_EVENTS), { maxLength: 3 }),
  capacity: oneOf([1, 100, 100]),
  isHasty: fc.boolean(),
});

/** How dense the steps of an order come. */
export const paces = fc.array(fc.record({ burst: oneOf([1, 1, 1, 2, 3]), gap: oneOf([0, 1, 2, 3, 5, 8, 48, 48]) }), {
  minLength: 1,
  maxLength: 12,
});
