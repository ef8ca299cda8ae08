/** A promise that notes whether its result is awaited. One that is not awaited often is a forgotten `await`. */
export class WatchedPromise<T> extends Promise<T> {
  /** Promises that `then` returns are plain ones. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  isAwaited = false;
  /** Called when the result is awaited for the first time. */
  whenAwaited: (() => void) | undefined;

  // biome-ignore lint/suspicious/noThenProperty: `await` calls it
  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    if (!this.isAwaited) {
      this.isAwaited = true;
      this.whenAwaited?.();
    }
    return super.then(onFulfilled, onRejected);
  }

  /** Calls back once it is settled, and marks a rejection as handled. It does not count as awaiting the result. */
  whenSettled(callback: () => void): void {
    super.then(callback, callback);
  }
}
