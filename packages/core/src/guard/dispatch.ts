import type { Decision } from "../decision/decision-types.js";
import type { CancellationScope } from "../engine/cancellation.js";
import type { AnswerRecord } from "../engine/record.js";
import type { PolicyEngine } from "../policy/policy-engine.js";
import type { PolicyTypes } from "../policy/policy-types.js";
import type { Scope } from "../types.js";
import type { DecisionLog } from "./decision-log.js";
import type { GuardSession } from "./guard-session.js";
import type { ClientMessage, Connection } from "./session/connection.js";

/** A session, as the dispatch of a message uses it. */
export interface DispatchSession extends GuardSession {
  readonly cancellation: CancellationScope;
  /** The number of the present authorization. */
  readonly epoch: number;
  /** Decides again on a message whose handler was about to run under an earlier authorization. */
  decideAgain(dispatch: DispatchContext): Promise<void> | undefined;
  /** Marks a message whose object is being loaded. A drain waits for its `endObject`. */
  beginObject(): void;
  endObject(): void;
}

/** One allowed message that is passed to its handler. */
export interface DispatchContext {
  readonly log: DecisionLog;
  readonly session: DispatchSession;
  readonly connection: Pick<Connection, "reply" | "sendRefusal">;
  readonly message: ClientMessage;
  /** The scope of the decision, which a later `refresh()` does not change. */
  readonly scope: Scope;
  readonly decision: Decision;
  /** Set when the rule has an object hook or the payload was parsed. */
  readonly answers: AnswerRecord | undefined;
  /** Deadline of the object phase in milliseconds. */
  readonly objectTimeout: number;
  /** The authorization under which the message was decided. */
  readonly epoch: number;
}

/** A consumer for `serve()`: rules with handlers. `S` is the scope that they need, `N` are the names of its actions. */
export interface ServableConsumer<in S = never, N extends string = string> {
  readonly "~types"?: PolicyTypes<S, N>;
  readonly engine: PolicyEngine;
  /** Loads the object, runs the handler and replies. Never throws, never rejects. */
  dispatch(context: DispatchContext): Promise<void> | undefined;
}
