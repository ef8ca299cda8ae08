/** When something last happened: how often it may happen within a while. */
export class Recent {
  readonly #times: number[] = [];

  /** It happens again. Answers whether that is more than `most` times within so many milliseconds. */
  isTooMany(most: number, milliseconds: number): boolean {
    const now = performance.now();
    const times = this.#times;
    times.push(now);
    return times.length > most && now - (times.shift() as number) <= milliseconds;
  }
}
