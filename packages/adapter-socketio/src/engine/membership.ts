import type { BareClient } from "../socketio-internals.js";

/** The state of a guard. */
export interface GuardState {
  readonly isClosing: boolean;
}

/** A handshake with a namespace that is not decided. */
export interface PendingHandshake {
  /** Ends it, because the client is gone. */
  abort(): void;
  /** The deciding guard, once it is known. */
  readonly gate?: GuardState;
}

/** The namespaces of one client: entered, pending, and being left. */
export class Membership {
  /** The client, once it has asked for a namespace that exists. */
  client: BareClient | undefined;
  /** Pending handshakes by namespace name. */
  readonly #pending = new Map<string, PendingHandshake>();
  /** Promises by namespace name. Each resolves once the client has left. */
  readonly #leaving = new Map<string, Promise<void>>();

  get isInside(): boolean {
    return this.client !== undefined && this.client.nsps.size > 0;
  }

  get sockets(): object[] {
    return [...((this.client?.nsps.values() ?? []) as Iterable<object>)];
  }

  get pendingCount(): number {
    return this.#pending.size;
  }

  isPending(name: string): boolean {
    return this.#pending.has(name);
  }

  add(name: string): void {
    this.#pending.set(name, { abort() {} });
  }

  /**
   * Sets the way in which a pending handshake ends when the client goes away. A handshake that is not pending any more
   * ends now.
   */
  track(name: string, pending: PendingHandshake): void {
    if (this.#pending.has(name)) this.#pending.set(name, pending);
    else pending.abort();
  }

  delete(name: string): void {
    this.#pending.delete(name);
  }

  abortAll(): void {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const handshake of pending) handshake.abort();
  }

  /** True when a handshake is pending whose guard is not closing. */
  get isAwaitedElsewhere(): boolean {
    return [...this.#pending.values()].some(({ gate }) => gate?.isClosing === false);
  }

  /**
   * Begins leaving a namespace while earlier messages in it are still being decided. The client may ask for the
   * namespace again meanwhile.
   *
   * @returns A function that ends the leaving.
   */
  leave(name: string): () => void {
    this.client?.nsps.delete(name);
    let resolve = () => {};
    const left = new Promise<void>((done) => {
      resolve = done;
    });
    this.#leaving.set(name, left);
    return () => {
      this.#leaving.delete(name);
      resolve();
    };
  }

  /** Resolves once the client has left a namespace. `undefined` if it is not leaving it. */
  whenLeft(name: string): Promise<void> | undefined {
    return this.#leaving.get(name);
  }
}
