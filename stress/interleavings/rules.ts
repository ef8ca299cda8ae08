import { abstain, and, definePolicy, type Payload, permission } from "@portcullis/core";
import { defineConsumer, type HandlerContext } from "@portcullis/core/consumer";

/** How long each question may take, in milliseconds. All differ, so that each has a list of deadlines of its own. */
export const TIMEOUT = { connect: 1000, action: 1200, object: 1400 };
/** How long `close()` of a guard waits. */
export const DRAIN = 20_000;

/** The questions of a simulated connection. Each names its subject. */
export interface Asked {
  askConnect(): unknown;
  /** @param version Which policy asks. */
  askAction(version: number, scope: unknown, signal: AbortSignal): unknown;
  /** The next rule is asked. */
  goesOn?(): void;
  askObject(signal: AbortSignal): unknown;
  load(signal: AbortSignal): unknown;
  handle(version: number, context: HandlerContext): unknown;
}

/** Over a socket, a question names its message by a number. A handshake names nothing, and is -1. */
export const present = { of: (_index: number): Asked => missing() };

function missing(): never {
  throw new Error("nothing is simulated");
}

const askedOf = ({ about = -1 }: Payload) => (typeof about === "number" ? present.of(about) : about) as Asked;

function rulesOf(version: number) {
  const connect = permission("connect", { connect: ({ message }) => askedOf(message).askConnect() as boolean });
  const action = permission(
    "action",
    ({ payload, scope, signal }) => askedOf(payload).askAction(version, scope, signal) as boolean,
  );
  const both = permission("both", {
    action: ({ payload, scope, signal }) => askedOf(payload).askAction(version, scope, signal) as boolean,
    object: ({ payload, signal }) => askedOf(payload).askObject(signal) as boolean,
  });
  const next = permission("next", ({ payload }) => {
    askedOf(payload).goesOn?.();
    return abstain();
  });
  return { connect, action: and(action, next), both: and(both, next) };
}

function policyOf(version: number) {
  const { connect, action, both } = rulesOf(version);
  return definePolicy({ connect, actions: { plain: both, beside: action, loaded: action } });
}

function consumerOf(version: number) {
  const { connect, action, both } = rulesOf(version);
  const handle = (context: HandlerContext) => askedOf(context.payload).handle(version, context);
  return defineConsumer()
    .connect(connect)
    .action("plain", both, handle as never)
    .action("beside", action, { concurrent: true }, handle as never)
    .action("loaded", action, { object: ({ payload, signal }) => askedOf(payload).load(signal) }, handle as never);
}

/** The rules of a server; the later ones replace the first. */
export const POLICIES = [policyOf(0), policyOf(1)] as const;
export const CONSUMERS = [consumerOf(0), consumerOf(1)] as const;
