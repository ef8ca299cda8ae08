import { Timeout } from "@portcullis/core/adapter";
import type { BareConnection } from "../socketio-internals.js";
import { destroy } from "./destroy.js";
import type { Membership } from "./membership.js";

/** Milliseconds that a client may stay after it has left its last namespace. */
export const CLOSE_TIMEOUT_MS = 1000;

/** Ends the connection of a client that takes too long to enter a namespace, or stays after it has left all of them. */
export class HandshakeTimeout {
  readonly #connection: BareConnection;
  readonly #membership: Membership;
  readonly #limit: number;
  #handshake: Timeout | undefined;
  #idle: Timeout | undefined;
  /** Namespaces about which the application decides: its functions, or its middlewares if there is no guard. */
  #undecided = 0;
  /** True when the time of this client ended while the application was deciding. */
  #isLate = false;

  /** @param limit Milliseconds that a client has for its first handshake. */
  constructor(connection: BareConnection, membership: Membership, limit: number) {
    this.#connection = connection;
    this.#membership = membership;
    this.#limit = limit;
    this.start();
  }

  get isRunning(): boolean {
    return this.#handshake !== undefined;
  }

  /** Starts or restarts the timeout of a handshake. */
  start(limit = this.#limit): void {
    this.#handshake?.cancel();
    this.#handshake = new Timeout(limit, () => {
      this.#handshake = undefined;
      const { pendingCount, isInside } = this.#membership;
      const isGoing = this.#connection.readyState === "closing";
      const isAlone = pendingCount === 0 && (isInside || this.#undecided > 0);
      if (!isGoing && isAlone) this.#isLate = !isInside;
      else destroy(this.#connection);
    });
  }

  stop(): void {
    this.#handshake?.cancel();
    this.#handshake = undefined;
    this.#idle?.cancel();
    this.#idle = undefined;
  }

  /**
   * Keeps a client that is in no namespace while the application decides about it. socket.io has its own timeout for
   * that.
   *
   * @returns A function that ends the waiting. A second call changes nothing.
   */
  waitForOthers(): () => void {
    this.#undecided += 1;
    let isDecided = false;
    return () => {
      if (isDecided) return;
      isDecided = true;
      this.#undecided -= 1;
      if (this.#undecided > 0 || !this.#isLate) return;
      this.#isLate = false;
      this.closeWhenIdle();
    };
  }

  /** Closes the connection of a client that was disconnected or refused, unless it soon enters a namespace. */
  closeWhenIdle(): void {
    if (this.#connection.readyState !== "open") return;
    this.#idle ??= new Timeout(CLOSE_TIMEOUT_MS, () => {
      this.#idle = undefined;
      if (this.#membership.pendingCount > 0 || this.#membership.isInside) return;
      if (this.#undecided > 0) {
        this.#isLate = true;
        return;
      }
      // A polling client may not have fetched its last answers yet.
      if (this.#connection.writeBuffer.length === 0) destroy(this.#connection);
      else {
        this.#connection.close();
        this.start();
      }
    });
  }
}
