/** A promise that notes whether its result is awaited. One that is not awaited often is a forgotten `await`. */
export class WatchedPromise<T> extends Promise<T> {
  /** Promises that `then` returns are plain ones. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  isAwaited = false;

  // biome-ignore lint/suspicious/noThenProperty: `await` calls it
  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.isAwaited = true;
    return super.then(onFulfilled, onRejected);
  }

  /** Marks the rejection as handled. It does not count as awaiting the result. */
  ignoreRejection(): void {
    super.then(undefined, () => {});
  }
}
