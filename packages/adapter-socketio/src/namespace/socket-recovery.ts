import type { Scope } from "@portcullis/core";
import type { Session } from "@portcullis/core/adapter";
import type { BareSocket } from "../socketio-internals.js";
import type { Message } from "./event.js";
import type { Kept, KeptRights } from "./kept-rights.js";
import { type DeferredRecovery, isFree, keptOf, restoreRecovery, takeRecovery } from "./state-recovery.js";

/** The stored session that a guarded socket may go on with, and what is stored of its own once its connection breaks. */
export class SocketRecovery {
  readonly #rights: KeptRights | undefined;
  readonly #socket: BareSocket;
  /** The rooms of a resumed connection, and the packets it has missed. */
  readonly #stored: DeferredRecovery | undefined;
  #kept: Kept | undefined;
  /** True when the session was closed with a code after which the client should come back. */
  isExpectedBack = false;

  constructor(rights: KeptRights | undefined, socket: BareSocket) {
    this.#rights = rights;
    this.#socket = socket;
    this.#stored = takeRecovery(socket);
  }

  /** What is stored of the authorization; `undefined` for one that cannot be restored. */
  get kept(): Kept | undefined {
    return this.#kept;
  }

  /** The session to go on with, for a client with this scope. */
  storedFor(scope: Scope): DeferredRecovery | undefined {
    const stored = this.#stored;
    return stored && isFree(stored, this.#socket) && this.#isInForce(stored, scope) ? stored : undefined;
  }

  restore(stored: DeferredRecovery, scope: Scope): Promise<void> {
    return restoreRecovery(this.#socket, stored, () => this.#isInForce(stored, scope));
  }

  /** Describes a session before it ends. One that its guard has ended for good is not restored. */
  keep(session: Session<Message>): void {
    const isOver = session.isEnded && !this.isExpectedBack;
    this.#kept = isOver ? undefined : this.#rights?.describe(session);
  }

  #isInForce(stored: DeferredRecovery, scope: Scope): boolean {
    return this.#rights?.isInForce(keptOf(stored), scope) === true;
  }
}
