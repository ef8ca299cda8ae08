import type { Decision, Payload, Policy } from "@portcullis/core";
import {
  type ClientMessage,
  Gate,
  type GuardOptions,
  type ServableConsumer,
  type Session,
} from "@portcullis/core/adapter";
import { type ContinuityOptions, type CountedContinuity, continuity, type Identify } from "@portcullis/core/continuity";
import { onTestFinished } from "vitest";
import type { DecisionEvent } from "../src/guard/decision-log.js";
import { Wire } from "./connection.js";

/** The transport of a connection with continuity. It records the frames that the server sends by itself. */
export class LastingWire extends Wire {
  /** @param client The argument of `authenticate`. */
  constructor(override readonly client: string) {
    super();
  }

  /** As transports with close codes do, it does not announce the end. */
  notify(event: string, data: object): void {
    if (event !== "auth.ended") this.log.push(`notify ${event} ${JSON.stringify(data)}`);
  }
}

/** One open connection. */
export interface LastingConnection {
  readonly session: Session;
  readonly wire: LastingWire;
  send(action: string, payload?: Payload, more?: Partial<ClientMessage>): void;
}

/** A guard with continuity, and its connections. */
export interface LastingServer {
  readonly gate: Gate<string>;
  readonly continuity: CountedContinuity;
  readonly events: DecisionEvent[];
  /** Admits a client. Resolves with the refusal of one that is not admitted. */
  open(client?: string): Promise<LastingConnection>;
  admit(client?: string): Promise<Decision>;
}

type Rules = Policy<never> | ServableConsumer;

/** The options of a guard with continuity, and those of `continuity()`. */
export interface LastingOptions<S> extends ContinuityOptions {
  readonly identify: Identify<S>;
  readonly onScope?: (session: Session, previous: S) => unknown;
}

/** Starts a guard, until the test has ended. `authenticate` gets the client of `open`. */
export function lasting<S>(
  rules: Rules,
  authenticate: GuardOptions<string>["authenticate"],
  { identify, onScope, ...options }: LastingOptions<S>,
  more: Partial<GuardOptions<string>> = {},
): LastingServer {
  const events: DecisionEvent[] = [];
  const made: CountedContinuity = continuity(options);
  const served = "dispatch" in rules ? (rules as ServableConsumer) : undefined;
  const onDecision = (event: DecisionEvent) => void events.push(event);
  const gate = new Gate<string>(
    served ? "serve()" : "guard()",
    rules,
    { authenticate, identify, onScope, continuity: made, onDecision, ...more } as GuardOptions<string>,
    served,
  );
  onTestFinished(() => void gate.close());
  const admit = async (client: string) => {
    // The follower of the log takes its position first.
    for (let turn = 0; turn < 20; turn++) await undefined;
    const wire = new LastingWire(client);
    const evaluation = gate.admit(wire);
    return { wire, evaluation, decision: (await evaluation.result).decision };
  };
  return {
    gate,
    continuity: made,
    events,
    admit: async (client = "ann") => (await admit(client)).decision,
    async open(client = "ann") {
      const { wire, evaluation } = await admit(client);
      const session = evaluation.open();
      const send: LastingConnection["send"] = (action, payload = {}, message = {}) =>
        session.receive({ action, payload, bytes: 10, ...message });
      return { session, wire, send };
    },
  };
}
