import { readClock } from "../util/clock.js";
import { throwAsync } from "../util/throw-async.js";

/** Something that is woken at a time. */
export interface AgendaItem {
  /** The time in that of `readClock()`, as a whole number of milliseconds. Set by the agenda alone. */
  due: number;
  /** The slot in the heap; -1 where it is not in it. Set by the agenda alone. */
  slot: number;
  wake(): void;
}

/** The longest delay that `setTimeout` takes. */
const LONGEST = 2 ** 31 - 1;
/** Milliseconds for which due items are woken in one turn of the event loop. */
const SLICE = 5;

type Timer = { unref?(): unknown };

/**
 * Wakes items at their times with one timer, whatever their number. The items are a binary heap. The timer does not
 * keep the process alive.
 */
export class Agenda {
  readonly #items: AgendaItem[] = [];
  #timer: Timer | undefined;
  /** The function that set the timer. A test may have replaced it since. */
  #setter: typeof setTimeout | undefined;
  /** The time of the timer. */
  #next = Number.POSITIVE_INFINITY;

  get size(): number {
    return this.#items.length;
  }

  /** Sets the time of an item, rounded up. `Infinity` removes it. */
  set(item: AgendaItem, time: number): void {
    const due = Math.ceil(time);
    if (due === Number.POSITIVE_INFINITY) this.#remove(item);
    else if (item.slot < 0) {
      item.due = due;
      item.slot = this.#items.push(item) - 1;
      this.#rise(item);
    } else {
      const isEarlier = due < item.due;
      item.due = due;
      if (isEarlier) this.#rise(item);
      else this.#sink(item);
    }
    this.#schedule();
  }

  #remove(item: AgendaItem): void {
    const items = this.#items;
    if (item.slot < 0) return;
    const last = items.pop() as AgendaItem;
    const { slot } = item;
    item.slot = -1;
    if (last === item) return;
    items[slot] = last;
    last.slot = slot;
    this.#rise(last);
    this.#sink(last);
  }

  #rise(item: AgendaItem): void {
    const items = this.#items;
    while (item.slot > 0) {
      const parent = items[(item.slot - 1) >> 1] as AgendaItem;
      if (parent.due <= item.due) return;
      this.#swap(parent, item);
    }
  }

  #sink(item: AgendaItem): void {
    const items = this.#items;
    for (;;) {
      const [left, right] = [items[2 * item.slot + 1], items[2 * item.slot + 2]];
      const child = right !== undefined && left !== undefined && right.due < left.due ? right : left;
      if (child === undefined || item.due <= child.due) return;
      this.#swap(item, child);
    }
  }

  /** Exchanges a parent and its child. */
  #swap(parent: AgendaItem, child: AgendaItem): void {
    const { slot } = parent;
    parent.slot = child.slot;
    child.slot = slot;
    this.#items[parent.slot] = parent;
    this.#items[slot] = child;
  }

  #schedule(): void {
    const due = this.#items[0]?.due ?? Number.POSITIVE_INFINITY;
    if (due === this.#next && this.#setter === setTimeout) return;
    clearTimeout(this.#timer as never);
    this.#next = due;
    this.#setter = setTimeout;
    if (due === Number.POSITIVE_INFINITY) return;
    const delay = Math.min(LONGEST, Math.max(0, Math.ceil(due - readClock())));
    const timer = setTimeout(() => this.#wakeDue(), delay) as unknown as Timer;
    timer.unref?.();
    this.#timer = timer;
  }

  #wakeDue(): void {
    this.#setter = undefined;
    const start = readClock();
    let now = start;
    for (let item = this.#items[0]; item !== undefined && item.due <= now; item = this.#items[0]) {
      this.#remove(item);
      try {
        item.wake();
      } catch (error) {
        throwAsync(error);
      }
      now = readClock();
      // Other work of the process gets its turn.
      if (now - start > SLICE) break;
    }
    this.#schedule();
  }
}

/** The agenda of the process. */
export const agenda = new Agenda();
