/** Notifies its listeners of every change. */
export class Bell {
  readonly #listeners = new Set<() => void>();

  ring(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  /**
   * Waits until a condition is true.
   *
   * @param milliseconds The longest time to wait.
   * @returns True when the condition is true in time.
   */
  until(isSo: () => boolean, milliseconds: number): Promise<boolean> {
    if (isSo()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const end = (answer: boolean) => {
        clearTimeout(timer);
        this.#listeners.delete(listener);
        resolve(answer);
      };
      const listener = () => {
        if (isSo()) end(true);
      };
      const timer = setTimeout(() => end(isSo()), milliseconds);
      this.#listeners.add(listener);
    });
  }
}

export const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
