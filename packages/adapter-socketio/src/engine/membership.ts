import type { BareClient } from "../socketio-internals.js";

/** The state of a guard. */
export interface GuardState {
  readonly isClosing: boolean;
}

/** A handshake with a namespace that is not decided. */
export interface PendingHandshake {
  /** Ends it, because the client is gone. */
  abort(): void;
  /** The guard that decides, once it is known. */
  readonly gate?: GuardState;
}

/** The namespaces of one client: those it is in, those it waits for, and those it is leaving. */
export class Membership {
  /** The client, once it has asked for a namespace that exists. */
  client: BareClient | undefined;
  /** By name of the namespace. */
  readonly #pending = new Map<string, PendingHandshake>();
  /** By name of the namespace: resolves once the client has left. */
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

  /** Says how a pending handshake ends when the client goes away; one that is not pending any more ends now. */
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

  /** True when a handshake is pending whose guard goes on. */
  get isAwaitedElsewhere(): boolean {
    return [...this.#pending.values()].some(({ gate }) => gate?.isClosing === false);
  }

  /**
   * The client leaves a namespace while earlier messages of it are being decided. It may ask for the namespace again
   * meanwhile.
   *
   * @returns Ends the leaving.
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

  /** Resolves once the client has left a namespace that it is leaving. */
  whenLeft(name: string): Promise<void> | undefined {
    return this.#leaving.get(name);
  }
}
