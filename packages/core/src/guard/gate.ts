import type { Decision } from "../decision/decision-types.js";
import { PermissionMisuse } from "../decision/errors.js";
import type { Timeouts } from "../policy/options.js";
import { engineOf, type PolicyEngine } from "../policy/policy.js";
import { Timeout } from "../util/deadline.js";
import { throwAsync } from "../util/throw-async.js";
import type { ServableConsumer } from "./dispatch.js";
import type { OpenSession } from "./guard-session.js";
import { HandshakeEvaluation } from "./handshake/handshake-evaluation.js";
import type { OriginRule } from "./handshake/origin.js";
import type { Limits } from "./limits.js";
import { checkOptions, type GuardOptions } from "./options.js";
import { GuardRuntime } from "./runtime.js";
import type { ClientMessage, Connection } from "./session/connection.js";

/** The place that everything from a client passes: it admits connections, and holds the policy in force. */
export class Gate<Request> {
  readonly #caller: string;
  readonly #runtime: GuardRuntime<Request>;

  /**
   * @param caller The function to name in messages, for example `guard()`.
   * @param policy A policy of `definePolicy`, or a consumer.
   * @param options The options common to all adapters; others are ignored.
   * @param served The consumer, where its handlers answer.
   * @throws {PermissionMisuse} When an option is of the wrong type, or the policy cannot be used here.
   */
  constructor(caller: string, policy: unknown, options: GuardOptions<Request>, served?: ServableConsumer) {
    checkOptions(caller, options);
    this.#caller = caller;
    const engine = acceptedEngine(caller, policy, served !== undefined);
    this.#runtime = new GuardRuntime<Request>(
      engine,
      served,
      options,
      (connection, session) => new HandshakeEvaluation(this.#runtime, connection as never, { session }),
    );
  }

  /** The sessions that are open. */
  get sessions(): ReadonlySet<OpenSession> {
    return this.#runtime.sessions;
  }

  get limits(): Required<Limits> {
    return this.#runtime.limits;
  }

  get origins(): OriginRule {
    return this.#runtime.origins;
  }

  /** The consumer, where its handlers answer. */
  get served(): ServableConsumer | undefined {
    return this.#runtime.served;
  }

  get engine(): PolicyEngine {
    return this.#runtime.engine;
  }

  /** Milliseconds per question: those of the guard, else those of the policy. */
  get timeouts(): Required<Timeouts> {
    return this.#runtime.timeouts;
  }

  /** True when no handshake is admitted any more. */
  get isClosing(): boolean {
    return this.#runtime.isClosing;
  }

  /**
   * Puts another policy in force, or another consumer where one is served. Decisions under way finish under the old one.
   *
   * @throws {PermissionMisuse} When it is no policy, or no consumer where one is served.
   */
  replace(policy: unknown): void {
    const { served } = this.#runtime;
    const engine = acceptedEngine(this.#caller, policy, served !== undefined);
    if (served && typeof (policy as ServableConsumer).dispatch !== "function") {
      throw new PermissionMisuse(`${this.#caller} serves a consumer: replace it by what defineConsumer() returned`);
    }
    this.#runtime.replace(engine, served && (policy as ServableConsumer));
  }

  /**
   * Evaluates the handshake of a connection, before the application can see it.
   *
   * @param refusal Why the adapter refuses it, where it does: then it is reported, and no rule is asked.
   * @returns The evaluation: its `result`, and `open()` for the session of an allowed one.
   */
  admit<M extends ClientMessage>(
    connection: Connection<M, Request>,
    refusal?: Decision,
  ): HandshakeEvaluation<M, Request> {
    return new HandshakeEvaluation(this.#runtime, connection, { refusal });
  }

  /**
   * Admits nobody any more, answers what was accepted, then closes every session with 1001.
   *
   * @returns A promise that resolves when all are gone, at the latest after twice `limits.drain`: once to answer, once to go.
   */
  async close(): Promise<void> {
    this.#runtime.isClosing = true;
    await Promise.all([...this.sessions].map((session) => closeDrained(session, this.limits.drain)));
  }
}

/** @param drain The milliseconds after which a connection that does not go is no longer waited for. */
async function closeDrained(session: OpenSession, drain: number): Promise<void> {
  // A later turn: guards that are closed together are all closing before the first connection ends.
  await new Promise<void>((resolve) => session.drain(resolve, true));
  try {
    session.close(1001, "going away");
  } catch (error) {
    // A listener of the application: the others are closed all the same.
    throwAsync(error);
  }
  await new Promise<void>((resolve) => {
    const timeout = new Timeout(drain, resolve);
    session.whenGone(() => {
      timeout.cancel();
      resolve();
    });
  });
}

/** A rule that only knows objects needs a handler that asks about one; a rule that hands on a payload, a served handler. */
function acceptedEngine(caller: string, policy: unknown, isServed: boolean): PolicyEngine {
  const engine = engineOf(policy, caller);
  if (isServed) return engine;
  const { table, other } = engine.rules;
  for (const [name, entry] of table ?? [["*", other] as const]) {
    if (entry.handsOn) {
      throw new PermissionMisuse(
        `${caller}: a rule of action "${name}" hands on a payload, and listeners get messages as they came: serve a consumer, or leave out \`handOn\``,
      );
    }
    if (entry.pending && entry.objects === undefined) {
      throw new PermissionMisuse(
        `${caller}: the rule of action "${name}" only knows objects, and nobody asks about one: write { rule, objects: "checked-by-handler" } and call session.authorize(action, payload, { object }) in the handler, or serve a consumer whose action names its \`object\``,
      );
    }
  }
  return engine;
}
