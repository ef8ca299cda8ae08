import { type Decision, PermissionMisuse } from "@portcullis/core";
import { publicRefusal, type ReplyOptions, type Session } from "@portcullis/core/adapter";
import { ignoreRejection } from "@portcullis/core/internal";
import type { EngineConnection } from "../engine/engine-connection.js";
import type { BareSocket } from "../socketio-internals.js";
import { isPlain, type Message } from "./event.js";
import type { GuardContext } from "./guard-context.js";
import { denied, PERMISSION_DENIED } from "./refusal.js";

const POSITIONAL =
  "an event was refused whose first argument is no object, so that rules find its arguments in `payload.args`: send an object, read `payload.args[0]`, or name them by the option `payload: (event, [room]) => ({ room })`";

const EVENT = 2;
const ACK = 3;

/** Answers the events of one socket. */
export class EventAnswers {
  readonly #context: GuardContext;
  readonly #socket: BareSocket;
  readonly #engine: EngineConnection;

  constructor(context: GuardContext, socket: BareSocket, engine: EngineConnection) {
    this.#context = context;
    this.#socket = socket;
    this.#engine = engine;
  }

  /** Sends the answer that `denied` makes of a refusal, or the default answer if `denied` fails. */
  refuse(message: Message, decision: Decision, session: Session<Message>): void {
    const { options, gate } = this.#context;
    const { action, isAwaited, payload } = message;
    const isOfRule = decision.status === 403 || decision.status === 500;
    if (isOfRule && payload.args && !options.payload) gate.hintOnce(POSITIONAL);
    try {
      this.#send(message, readBody(options.denied(publicRefusal(decision), { action, isAcknowledgement: isAwaited })));
    } catch (error) {
      session.reportFault(message, error, "denied");
      this.#refuseByDefault(message, decision, session);
    }
  }

  /**
   * Sends the default answer, which needs no option. If even that fails, the session is closed, so that the client does
   * not wait for an answer.
   */
  #refuseByDefault(message: Message, decision: Decision, session: Session<Message>): void {
    const { action, isAwaited } = message;
    try {
      this.#send(message, denied(publicRefusal(decision), { action, isAcknowledgement: isAwaited }));
    } catch (error) {
      session.reportFault(message, error, "guard");
      session.close();
    }
  }

  /** Sends the first answer as the acknowledgement; a later one, or one with another name, as an event. */
  reply(message: Message, data: unknown, { action }: ReplyOptions): void {
    const isLater = message.isAcknowledged || action !== undefined;
    if (message.isAwaited) this.#send(message, data);
    else if (isLater) this.#engine.send(this.#socket, { type: EVENT, data: [action ?? message.action, data] });
  }

  /** Sends an event that answers no message. */
  notify(event: string, data: object): void {
    this.#engine.send(this.#socket, { type: EVENT, data: [event, data] });
  }

  #send(message: Message, body: unknown): void {
    if (message.isAwaited) {
      this.#engine.send(this.#socket, { type: ACK, id: message.packet.id as number, data: [body] });
      message.isAcknowledged = true;
    } else this.#engine.send(this.#socket, { type: EVENT, data: [PERMISSION_DENIED, body] });
  }
}

/** Checks the value that `denied()` returned. A promise cannot be sent. */
function readBody(body: unknown): object {
  if (isPlain(body) && typeof body.then !== "function") return body;
  ignoreRejection(body);
  throw new PermissionMisuse("`denied()` must return a plain object, and at once");
}
