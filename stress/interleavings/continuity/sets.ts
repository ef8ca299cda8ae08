import { isLong } from "../counters.js";
import { EVENTS, type EventName, type MessagePlan, type Setup } from "./plans.js";

/** Connections whose every order is played. */
export interface SmallSet {
  readonly title: string;
  readonly setups: readonly Setup[];
  /** How many turns promises go on behind a step: each of the numbers of one list behind each step. */
  readonly gaps: readonly (readonly number[])[];
}

const SECRET: MessagePlan = {
  action: "secret",
  isLater: true,
  reaction: undefined,
  reactsIn: "rule",
  reactsAgain: false,
};
const USER: Setup = {
  kind: "guard",
  isAuthenticatedLater: false,
  isGuest: false,
  life: "long",
  reads: [],
  messages: [SECRET],
  events: [],
  early: [],
};
/** A message that is decided at once. */
const AT_ONCE: Setup = { ...USER, messages: [{ ...SECRET, isLater: false }] };
/** A handler that awaits, and asks whether it may go on. */
const HANDLED: Setup = { ...USER, kind: "serve", messages: [{ ...SECRET, isLater: false, reactsIn: "handler" }] };

const ALL = 48;
/** No turn behind any step, or all behind each. */
const EITHER = [[0], [ALL]];
const CHANGES = ["demote", "ban", "revoke", "lose records"] as const;
const DEMANDS = ["demote", "session.refresh()", "the revalidation is due"] as const;

/** Events that the short form combines with a further one. */
const COMBINED: readonly EventName[] = ["promote", "session.refresh()", "lose records", "renew: good"];

/** The further events beside one. The long form takes all. */
const furtherOf = (event: EventName): readonly EventName[] => {
  if (isLong) return EVENTS;
  return COMBINED.includes(event) ? ["demote"] : [];
};

const EXPIRES: readonly EventName[] = ["the token expires", "the grace is over"];

/** Small sets for the core. */
export const SETS: readonly SmallSet[] = [
  ...CHANGES.map((event) => ({
    title: `an admission, and of: ${event}`,
    setups: [{ ...AT_ONCE, isAuthenticatedLater: true, early: [event] }],
    gaps: [[0], [1], [ALL]],
  })),
  ...CHANGES.map((event) => ({
    title: `a guest who becomes a user, and of: ${event}`,
    setups: [{ ...AT_ONCE, isGuest: true, events: ["renew: good", event] as const }],
    gaps: EITHER,
  })),
  ...(["demote", "promote", "session.refresh()"] as const).map((reaction) => ({
    title: `a message whose every decision is overtaken by: ${reaction}`,
    setups: [{ ...USER, messages: [{ ...SECRET, action: "plain", reaction, reactsAgain: true } as const] }],
    gaps: [[ALL]],
  })),
  ...EVENTS.map((event) => ({
    title: `a message that is decided later, and of: ${event}`,
    setups: withFurther(USER, event, furtherOf(event)),
    gaps: EITHER,
  })),
  {
    title: "a question of the application, and of: demote",
    setups: [{ ...USER, messages: [], events: ["session.decide()", "demote"] }],
    gaps: EITHER,
  },
  ...EVENTS.map((event) => ({
    title: `a handler that awaits, and of: ${event}`,
    setups: withFurther(HANDLED, event, furtherOf(event)).map(reactingWith),
    gaps: EITHER,
  })),
  ...(["renew: unauthorized", "renew: other", "renew: fault"] as const).map((event) => ({
    title: `a renewal that is refused during a demand: ${event}`,
    setups: [{ ...AT_ONCE, events: [event, "session.refresh()"] } as const],
    gaps: EITHER,
  })),
  ...(["renew: good", "renew: unauthorized"] as const).map((event) => ({
    title: `a renewal at the end of an identity: ${event}`,
    setups: isLong
      ? [{ ...AT_ONCE, life: "short" as const, events: [event, ...EXPIRES] }]
      : [
          { ...AT_ONCE, life: "short" as const, events: [event, "the token expires"] as const },
          { ...AT_ONCE, life: "short" as const, events: [event, ...EXPIRES], messages: [] },
        ],
    gaps: isLong ? EITHER : [[ALL]],
  })),
  {
    title: "a renewal that begins shortly before the end",
    setups: [
      {
        ...AT_ONCE,
        life: "short",
        messages: [],
        events: ["the grace is nearly over", "renew: good", "a little time passes"],
      },
    ],
    gaps: [[ALL]],
  },
  ...DEMANDS.map((event) => ({
    title: `an authentication that fails, and of: ${event}`,
    setups: [{ ...AT_ONCE, reads: ["fault"], events: [event] } as const],
    gaps: isLong ? [[0, ALL]] : EITHER,
  })),
  ...(["demote", "session.refresh()"] as const).map((event) => ({
    title: `an authentication that refuses, and of: ${event}`,
    setups: [{ ...AT_ONCE, reads: ["denied"], events: [event, event] } as const],
    gaps: EITHER,
  })),
  {
    title: "an authentication that takes its time, before the process stops",
    setups: [{ ...AT_ONCE, reads: ["slow"], events: ["demote", "the process stops for less"] }],
    gaps: [[ALL]],
  },
  {
    title: "a renewal behind a stop of the process",
    setups: [{ ...AT_ONCE, events: ["the process stops for a while", "renew: good"] }],
    gaps: [[ALL]],
  },
  {
    title: "messages that come late for an authentication that hangs",
    setups: [{ ...AT_ONCE, reads: ["hang"], events: ["demote", "a little time passes", "a little time passes"] }],
    gaps: EITHER,
  },
];

/** The further events beside one, through an adapter. */
const FURTHER: readonly EventName[] = isLong ? [...COMBINED, "demote", "the process stops for a while"] : [];

/** Smaller sets for adapters. */
export const ADAPTER_SETS: readonly SmallSet[] = EVENTS.map((event) => ({
  title: event,
  setups: [
    ...withFurther(USER, event, FURTHER),
    ...withFurther(HANDLED, event, isLong ? FURTHER : furtherOf(event)).map(reactingWith),
  ],
  gaps: [[ALL]],
}));

function withFurther(setup: Setup, event: EventName, further: readonly EventName[]): readonly Setup[] {
  return [{ ...setup, events: [event] }, ...further.map((more) => ({ ...setup, events: [event, more] }))];
}

/** The first event happens in the handler instead. */
function reactingWith(setup: Setup): Setup {
  const [reaction, ...events] = setup.events;
  return { ...setup, events, messages: setup.messages.map((message) => ({ ...message, reaction })) };
}
