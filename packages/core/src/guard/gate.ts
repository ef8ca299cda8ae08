import type { Decision } from "../decision/decision-types.js";
import { PermissionMisuse } from "../decision/errors.js";
import type { Timeouts } from "../policy/options.js";
import { engineOf } from "../policy/policy.js";
import type { PolicyEngine } from "../policy/policy-engine.js";
import { Timeout } from "../util/deadline.js";
import { throwAsync } from "../util/throw-async.js";
import type { ServableConsumer } from "./dispatch.js";
import type { OpenSession } from "./guard-session.js";
import { HandshakeEvaluation } from "./handshake/handshake-evaluation.js";
import type { OriginRule } from "./handshake/origin.js";
import type { Limits } from "./limits.js";
import { checkOptions, type GuardOptions, mergeOptions, type ReplaceOptions } from "./options.js";
import type { RefusalReport } from "./refused.js";
import { GuardRuntime } from "./runtime.js";
import type { ClientMessage, Connection } from "./session/connection.js";

/** The entry point of a guard. It admits connections, and holds the current policy. */
export class Gate<Request> {
  readonly #caller: string;
  readonly #runtime: GuardRuntime<Request>;

  /**
   * @param caller The function to name in error messages, for example `guard()`.
   * @param policy A policy of `definePolicy`, or a consumer.
   * @param options The options common to all adapters; others are ignored.
   * @param served The consumer of `serve()`.
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
      (connection, cause) => new HandshakeEvaluation(this.#runtime, connection as never, cause),
    );
  }

  /** The open sessions. */
  get sessions(): ReadonlySet<OpenSession> {
    return this.#runtime.sessions;
  }

  get limits(): Required<Limits> {
    return this.#runtime.limits;
  }

  get origins(): OriginRule {
    return this.#runtime.origins;
  }

  /** The consumer of `serve()`. */
  get served(): ServableConsumer | undefined {
    return this.#runtime.served;
  }

  get engine(): PolicyEngine {
    return this.#runtime.engine;
  }

  /** Milliseconds per phase, from the guard, otherwise from the policy. */
  get timeouts(): Required<Timeouts> {
    return this.#runtime.timeouts;
  }

  /** True when no handshake is admitted any more. */
  get isClosing(): boolean {
    return this.#runtime.isClosing;
  }

  /** True when hints are printed. */
  get givesHints(): boolean {
    return this.#runtime.log.givesHints;
  }

  /** Prints a hint that no refusal shows, once. Never throws. */
  hintOnce(text: string): void {
    this.#runtime.log.hintOnce(text);
  }

  /** Prints the hint for a refusal that was reported before, if there is one. Never throws. */
  hint(refusal: RefusalReport): void {
    this.#runtime.log.hint(refusal);
  }

  /**
   * Replaces the policy, or the consumer of `serve()`, and options. Running decisions finish with the old ones.
   *
   * @param changes The options to replace. The others stay.
   * @param ownOptions The names of the adapter's own options, which cannot be replaced.
   * @throws {PermissionMisuse} When it is no policy, or no consumer for `serve()`, or an option cannot be replaced. All
   *   stays as it was then.
   */
  replace(policy: unknown, changes: ReplaceOptions<Request> = {}, ownOptions: readonly string[] = []): void {
    const { served, options } = this.#runtime;
    const engine = acceptedEngine(this.#caller, policy, served !== undefined);
    checkRules(this.#caller, policy as Partial<ServableConsumer>, served !== undefined);
    this.#runtime.continuity?.check(engine);
    const merged = mergeOptions(options, changes, ownOptions);
    this.#runtime.replace(engine, served && (policy as ServableConsumer), merged);
  }

  /**
   * Evaluates the handshake of a connection, before the application gets the connection.
   *
   * @param refusal The adapter's own refusal, if any. It is reported, and no rule is evaluated.
   * @returns The evaluation, with its `result`, and with `open()` for the session of an allowed one.
   */
  admit<M extends ClientMessage>(
    connection: Connection<M, Request>,
    refusal?: Decision,
  ): HandshakeEvaluation<M, Request> {
    return new HandshakeEvaluation(this.#runtime, connection, { refusal });
  }

  /**
   * Refuses new handshakes, answers the accepted messages, then closes every session with 1001 (going away, RFC 6455,
   * section 7.4.1).
   *
   * @returns A promise that resolves when all connections that were open are gone, after at most twice `limits.drain`:
   *   once for the answers, once for the close.
   */
  async close(): Promise<void> {
    this.#runtime.isClosing = true;
    const { continuity } = this.#runtime;
    const { drain } = this.limits;
    const drained = [...this.sessions].map((session) => closeDrained(session, drain));
    // Later, because the application hears of each end, and may close the guard again there.
    await undefined;
    // Those that were revoked are no sessions any more, and may still be open.
    const ended = continuity?.closeEnded() ?? [];
    await Promise.all([...drained, ...ended.map((connection) => goneOf(connection, drain))]);
    continuity?.close();
  }
}

/** @param drain Milliseconds to wait for the connection to go. */
async function closeDrained(session: OpenSession, drain: number): Promise<void> {
  // Continues in a later turn, so that guards that are closed together are all closing before the first connection
  // ends.
  await new Promise<void>((resolve) => session.drain(resolve, true));
  try {
    session.close(1001, "going away");
  } catch (error) {
    // A listener of the application has thrown. The other sessions are closed all the same.
    throwAsync(error);
  }
  await goneOf(session, drain);
}

/** Waits until a connection is gone. */
function goneOf(connection: Pick<OpenSession, "whenGone">, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const timeout = new Timeout(milliseconds, resolve);
    connection.whenGone(() => {
      timeout.cancel();
      resolve();
    });
  });
}

/**
 * Checks that handlers are served.
 *
 * @throws {PermissionMisuse} When `serve()` gets no consumer, or `guard()` gets one.
 */
export function checkRules(caller: string, rules: Partial<ServableConsumer> | undefined, isServed: boolean): void {
  const hasHandlers = typeof rules?.dispatch === "function";
  if (isServed && !hasHandlers) {
    throw new PermissionMisuse(`${caller} needs a consumer: give what defineConsumer() returned`);
  }
  if (!isServed && hasHandlers) {
    throw new PermissionMisuse(`${caller} got a consumer, whose handlers it would not call: use serve()`);
  }
}

/**
 * Checks that a policy can be used. A rule that only answers the object phase needs a handler that checks an object. A
 * rule that hands on a payload needs a served handler.
 */
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
    if (entry.needsObject && entry.objects === undefined) {
      throw new PermissionMisuse(
        `${caller}: the rule of action "${name}" only knows objects, and nobody asks about one: write { rule, objects: "checked-by-handler" } and ask \`await session.can(action, payload, { object })\` in the listener, or serve a consumer whose action names its \`object\``,
      );
    }
  }
  return engine;
}
