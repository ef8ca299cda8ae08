import fc from "fast-check";

/** The answer of one authentication that is no renewal: it reads the truth, takes some time, fails, or refuses. */
export const READS = ["truth", "truth", "slow", "fault", "hang", "denied"] as const;
export type Read = (typeof READS)[number];

/** The token of a renewal. */
export const TOKENS = ["good", "unauthorized", "forbidden", "fault", "other", "guest"] as const;
export type Token = (typeof TOKENS)[number];

/** Events beside messages. */
export const EVENTS = [
  "demote",
  "promote",
  "ban",
  "revoke",
  "ban without a record",
  "revoke others",
  "session.refresh()",
  "session.decide()",
  "lose records",
  "a little time passes",
  "the warning is due",
  "the token expires",
  "the wall clock is set forward",
  "the grace is nearly over",
  "the grace is over",
  "the revalidation is due",
  "the process stops for a while",
  "the process stops for less",
  "the client leaves",
  ...TOKENS.map((token) => `renew: ${token}` as const),
] as const;
export type EventName = (typeof EVENTS)[number];

/** One message. */
export interface MessagePlan {
  readonly action: "plain" | "secret" | "loaded" | "beside";
  /** True when the rule answers in a step of its own. */
  readonly isLater: boolean;
  /** Something that happens while the rule is being asked, or while the handler runs. */
  readonly reaction: EventName | undefined;
  readonly reactsIn: "rule" | "handler";
  /** True when it happens at each decision, and not at the first one alone. */
  readonly reactsAgain: boolean;
}

/** One connection: all that is said and done, but not when. */
export interface Setup {
  readonly kind: "guard" | "serve";
  readonly isAuthenticatedLater: boolean;
  /** True when the client is a guest until it renews. */
  readonly isGuest: boolean;
  /** The time for which an identity lasts: beyond the next revalidation, or not. */
  readonly life: "long" | "short";
  readonly reads: readonly Read[];
  readonly messages: readonly MessagePlan[];
  readonly events: readonly EventName[];
  /** Events while the client is being admitted. */
  readonly early: readonly EventName[];
}

const messages: fc.Arbitrary<MessagePlan> = fc.record({
  action: fc.constantFrom("plain", "secret", "secret", "loaded", "beside"),
  isLater: fc.boolean(),
  reaction: fc.option(fc.constantFrom(...EVENTS), { nil: undefined, freq: 4 }),
  reactsIn: fc.constantFrom("rule", "handler"),
  reactsAgain: fc.boolean(),
});

/** Any connection. */
export const setups: fc.Arbitrary<Setup> = fc.record({
  kind: fc.constantFrom("guard", "serve"),
  isAuthenticatedLater: fc.boolean(),
  isGuest: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, fc.constant(true)),
  life: fc.constantFrom("long", "short"),
  reads: fc.array(fc.constantFrom(...READS), { maxLength: 4 }),
  messages: fc.array(messages, { minLength: 1, maxLength: 4 }),
  events: fc.array(fc.constantFrom(...EVENTS), { minLength: 1, maxLength: 5 }),
  early: fc.array(fc.constantFrom("demote", "ban", "revoke", "lose records"), { maxLength: 2 }),
});
