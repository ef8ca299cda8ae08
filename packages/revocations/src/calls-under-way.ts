/** Milliseconds after which a call without an answer counts as lost, and may be made again. */
const LOST = 60_000;

/**
 * The calls to a client that have no answer yet. A client that is disconnected may keep its commands until it is
 * connected again. The callers repeat theirs, so without this it would keep more and more of them.
 */
export class CallsUnderWay {
  readonly #calls = new Map<string, { readonly answer: Promise<unknown>; readonly since: number }>();

  /** Makes a call, or waits for the one with the same key that is under way. */
  run<T>(key: string, call: () => Promise<T>): Promise<T> {
    const earlier = this.#calls.get(key);
    if (earlier !== undefined && performance.now() - earlier.since < LOST) return earlier.answer as Promise<T>;
    const answer = call();
    const entry = { answer, since: performance.now() };
    this.#calls.set(key, entry);
    const end = () => {
      if (this.#calls.get(key) === entry) this.#calls.delete(key);
    };
    answer.then(end, end);
    return answer;
  }
}
