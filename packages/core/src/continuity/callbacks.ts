/** Callbacks that wait for one event. Each is called once. */
export class Callbacks<T> {
  #waiting: ((value: T) => void)[] = [];

  add(callback: (value: T) => void): void {
    this.#waiting.push(callback);
  }

  /** Takes all that wait now. Returns a function that calls them. */
  take(): (value: T) => void {
    const waiting = this.#waiting.splice(0);
    return (value) => {
      for (const callback of waiting) callback(value);
    };
  }
}
