import { cancelTimeout, type TimeoutNode, timeoutListOf } from "../../util/deadline.js";

/** A wait for the end of the messages that a session has accepted. */
export class Drain implements TimeoutNode {
  previous: TimeoutNode | undefined;
  next: TimeoutNode | undefined;
  due = 0;
  readonly #among: Set<Drain>;
  readonly #whenDrained: () => void;

  /**
   * @param among The set that holds the wait until it is over.
   * @param milliseconds The maximum wait.
   * @param withHandlers True to wait until handlers have ended, and not only begun.
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

  /** Ends the wait, because the session is done or the time is up. */
  expire(): void {
    cancelTimeout(this);
    this.#among.delete(this);
    this.#whenDrained();
  }
}
