/** State of a promise and of those that `then`, `catch` and `finally` derive from it. */
export interface AwaitState {
  /** True when a caller has taken the result, which includes the rejection where there may be one. */
  isAwaited: boolean;
  /** Called when that happens. */
  whenAwaited?: () => void;
  /** True when it never rejects, so that any `then` takes the result. */
  readonly isSafe?: boolean;
}

const { then } = Promise.prototype;

/** Errors with which a watched promise may reject without a handler. */
export const REFUSALS = new WeakSet<object>();

/**
 * A promise that notes whether its result is awaited. One that is not awaited often is a forgotten `await`. Promises that
 * are derived from it are watched with it. Their rejection with a refusal counts as handled, and any other is that of a
 * plain promise.
 */
export class WatchedPromise<T> extends Promise<T> {
  watch: AwaitState = { isAwaited: false };

  // biome-ignore lint/suspicious/noThenProperty: `await` calls it
  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    const { watch } = this;
    if (!watch.isAwaited && (onRejected || watch.isSafe)) {
      watch.isAwaited = true;
      watch.whenAwaited?.();
    }
    const derived = super.then(observed(onFulfilled), observed(onRejected ?? rethrow)) as WatchedPromise<A | B>;
    derived.watch = watch;
    return derived;

    /** Wraps a callback. A refusal in which it ends needs no handler at the derived promise. */
    function observed<V, R>(callback: ((value: V) => R) | null | undefined) {
      if (typeof callback !== "function") return callback;
      return (value: V) => {
        const result = new Promise<R>((resolve) => resolve(callback(value)));
        then.call(result, undefined, (error) => {
          if (REFUSALS.has(error as object)) derived.whenSettled(() => {});
        });
        return result;
      };
    }
  }

  /** Passes the result on, so it does not count as awaiting it. */
  override finally(onFinally?: (() => void) | null): Promise<T> {
    const { watch } = this;
    this.watch = { isAwaited: true };
    const derived = super.finally(onFinally) as WatchedPromise<T>;
    this.watch = watch;
    derived.watch = watch;
    return derived;
  }

  /** Calls back once it is settled, and marks a rejection as handled. It does not count as awaiting the result. */
  whenSettled(callback: () => void): void {
    super.then(callback, callback);
  }
}

function rethrow(reason: unknown): never {
  throw reason;
}
