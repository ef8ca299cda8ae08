import { cancelTimeout, type TimeoutNode, timeoutListOf } from "../../util/deadline.js";

/** Somebody who waits until a session is through with what it has taken. */
export class Drain implements TimeoutNode {
  previous: TimeoutNode | undefined;
  next: TimeoutNode | undefined;
  due = 0;
  readonly #among: Set<Drain>;
  readonly #whenDrained: () => void;

  /**
   * @param among Where it is kept until it is over.
   * @param milliseconds How long it waits at most.
   * @param withHandlers Whether it waits for handlers to end, and not only to begin.
   */
  constructor(
    among: Set<Drain>,
    milliseconds: number,
    readonly withHandlers: boolean,
    whenDrained: () => void,
  ) {
    this.#among = among.add(this);
    this.#whenDrained = whenDrained;
    timeoutListOf(milliseconds).add(this);
  }

  /** The session is through, or its time is up. */
  expire(): void {
    cancelTimeout(this);
    this.#among.delete(this);
    this.#whenDrained();
  }
}
