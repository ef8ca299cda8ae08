import type { Decision } from "../../decision/decision-types.js";
import { enforce, isAllowed } from "../../decision/enforce.js";
import { ABORTED, CancellationScope } from "../../engine/cancellation.js";
import { createAnswerRecord } from "../../engine/record.js";
import { isFault, optionsOf, readQuestion, SESSION_DECIDE } from "../../policy/read-decide-options.js";
import type { Payload, Scope } from "../../types.js";
import type { DispatchContext, DispatchSession } from "../dispatch.js";
import type { CheckOptions, GuardSession, SessionIdentity } from "../guard-session.js";
import type { GuardRuntime } from "../runtime.js";
import type { ClientMessage, Connection } from "./connection.js";
import type { ConnectionConsumer } from "./connection-consumer.js";
import { MessageFlow } from "./message-flow.js";
import { Transport } from "./transport.js";

/** The client of one connection, and the questions that the application asks about it. */
export abstract class SessionVerbs<M extends ClientMessage>
  extends MessageFlow<M>
  implements Omit<DispatchSession, "beginObject" | "endObject">
{
  scope: Scope;
  readonly consumer: ConnectionConsumer;
  #cancellation: CancellationScope | undefined;
  #controller: AbortController | undefined;
  #transport: Transport<M> | undefined;

  constructor(runtime: GuardRuntime, connection: Connection<M>, scope: Scope, consumer: ConnectionConsumer) {
    super(runtime, connection);
    this.scope = scope;
    this.consumer = consumer;
    consumer.owner = this;
  }

  /** Made at first use. A message that is allowed at once does not need it. */
  protected get transport(): Transport<M> {
    this.#transport ??= new Transport(this.connection, this);
    return this.#transport;
  }

  protected get holdsWhileBusy(): boolean {
    return true;
  }

  get id(): string {
    return this.consumer.id;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.isEnded) this.#controller.abort();
    return this.#controller.signal;
  }

  /** The state of the identity, with the option `continuity`. */
  get identity(): SessionIdentity | undefined {
    return undefined;
  }

  /**
   * The number of the present authorization. A decision of an earlier one is not acted on. It only changes with the option
   * `continuity`.
   */
  get epoch(): number {
    return 0;
  }

  /** The epoch as far as it was noticed. Unlike {@link epoch}, it reads no clock. */
  get noticedEpoch(): number {
    return 0;
  }

  /** Decides again on a message whose handler was about to run under an earlier authorization. */
  decideAgain(_dispatch: Pick<DispatchContext, "message">): Promise<void> | undefined {
    return undefined;
  }

  /** Deadline of the action phase in milliseconds. */
  get timeout(): number {
    return this.runtime.timeouts.action;
  }

  get cancellation(): CancellationScope {
    this.#cancellation ??= new CancellationScope();
    if (this.isEnded) this.#cancellation.isCancelled = true;
    return this.#cancellation;
  }

  abstract refresh(): Promise<Decision>;

  decide(
    action: string,
    payload: Payload = {},
    options?: CheckOptions,
    ...further: readonly never[]
  ): Decision | Promise<Decision> {
    if (this.isEnded) return ABORTED;
    const { engine, log } = this.runtime;
    const read = readQuestion(
      SESSION_DECIDE,
      engine.rules.entryOf(action),
      payload,
      optionsOf(options, further.length),
    );
    if (isFault(read)) return read;
    if (read.hasObject) return this.decideObject(action, payload, read.object);
    const decision = engine.evaluateAction(this, { action, payload });
    // No client has asked for the unknown action, so nothing else tells the developer.
    if (!(decision instanceof Promise) && decision.by === "actions")
      log.hint({ action, decision: decision, scope: this.scope });
    return decision;
  }

  can(...question: Parameters<GuardSession["decide"]>): Promise<boolean> {
    return isAllowed(this.decide(...question));
  }

  authorize(...question: Parameters<GuardSession["decide"]>): Promise<void> {
    return enforce(this.decide(...question));
  }

  private decideObject(action: string, payload: Payload, object: unknown): Decision | Promise<Decision> {
    const { scope, consumer } = this;
    const { engine, log, timeouts } = this.runtime;
    const answers = createAnswerRecord();
    const startedAt = log.now();
    const caller = { scope, consumer, timeout: timeouts.object, cancellation: this.cancellation };
    const report = (decision: Decision) => {
      const event = { phase: "object", action, decision, scope, consumer, session: this, answers, startedAt } as const;
      log.report(event);
      return decision;
    };
    const result = engine.evaluateObject(caller, { action, payload }, object, answers);
    return result instanceof Promise ? result.then(report) : report(result);
  }

  /** Ends the running decisions and the signal of the connection. */
  protected cancel(): void {
    this.#cancellation?.cancel("the connection is closed");
    this.#controller?.abort();
  }
}
