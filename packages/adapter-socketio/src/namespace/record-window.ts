import type { RecordMark } from "@portcullis/core/internal";

/** The longest time of a timer of Node, in milliseconds. */
const LONGEST = 2_147_483_647;

/** The part of revocations that is looked at: the end of the sequence of those that this process knows. */
interface Sequence {
  readonly end: object;
}

/**
 * Finds the revocations that came within a time. It compares no clock of another process: a session that can still be
 * restored was stored at most that time ago, wherever that was.
 */
export class RecordWindow {
  readonly #sequence: Sequence;
  readonly #duration: number;
  /** Ends of the sequence and when they were read, the oldest in front. */
  readonly #samples: { readonly mark: RecordMark; readonly at: number }[] = [];

  /**
   * @param duration Milliseconds.
   * @param isOver True once nobody asks any more.
   */
  constructor(sequence: Sequence, duration: number, isOver: () => boolean) {
    this.#sequence = sequence;
    this.#duration = Math.min(duration, LONGEST);
    const timer = setInterval(
      () => {
        if (isOver()) clearInterval(timer);
        else this.#sample();
      },
      Math.max(1, this.#duration / 2),
    ).unref();
  }

  /** A mark that is older than the duration; `undefined` while this process has not followed for that long. */
  get mark(): RecordMark | undefined {
    const [oldest] = this.#samples;
    return oldest && this.#isOld(oldest) ? oldest.mark : undefined;
  }

  #sample(): void {
    const samples = this.#samples;
    samples.push({ mark: this.#sequence.end as RecordMark, at: performance.now() });
    while (samples[1] && this.#isOld(samples[1])) samples.shift();
  }

  #isOld({ at }: { readonly at: number }): boolean {
    return performance.now() - at >= this.#duration;
  }
}
