import type { Decision } from "../decision/decision-types.js";
import type { HandshakeEvaluation } from "../guard/handshake/handshake-evaluation.js";
import type { ReplyOptions } from "../guard/session/connection.js";
import type { Session } from "../guard/session/session.js";
import { PROCESS_START } from "../util/clock.js";
import type { DecodedMessage } from "./decoded-message.js";
import type { FrameExchange } from "./frame-exchange.js";

/** The parts of a connection that all frame transports share: its handshake until it is open, and its answers. */
export abstract class FrameConnection<Raw = unknown, Request = unknown> {
  /** Milliseconds between the start of the process and that of the connection. */
  readonly #startedAt = Math.floor(Date.now() - PROCESS_START);
  evaluation: HandshakeEvaluation<DecodedMessage<Raw>, Request> | undefined;
  session: Session<DecodedMessage<Raw>> | undefined;
  /** Set while there is a session. */
  protected exchange: FrameExchange<Raw> | undefined;
  /** True when the client has left before the connection was open, or a rule has closed it. */
  isAborted = false;

  get connectedAt(): number {
    return PROCESS_START + this.#startedAt;
  }

  abort(): void {
    this.isAborted = true;
    this.evaluation?.abort();
  }

  sendRefusal(message: DecodedMessage<Raw>, decision: Decision): void {
    this.exchange?.refuse(message, decision);
  }

  reply(message: DecodedMessage<Raw>, data: unknown, options: ReplyOptions): void {
    this.exchange?.reply(message, data, options);
  }

  notify(event: string, data: object): void {
    this.exchange?.notify(event, data);
  }
}
