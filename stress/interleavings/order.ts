import type { Scheduler } from "fast-check";

/** Chooses the next step. */
export interface Order {
  /** Adds something that may happen from now on. */
  add(label: string, go: () => void): void;
  /** Lets everything happen that was added, also what is added meanwhile. */
  run(): Promise<void>;
  /** The steps so far, in order. */
  readonly taken: string[];
}

/** So many turns that nothing which only waits for promises is left. */
const ALL = 48;

/** Lets promises go on for some turns. */
export async function turns(count = ALL): Promise<void> {
  for (let turn = 0; turn < count; turn++) await undefined;
}

/** Runs between two steps. With real sockets, more than promises must continue. */
export type Pass = (size: number) => Promise<void>;

/** Something that may happen now. */
interface Step {
  readonly label: string;
  readonly go: () => void;
}

/** The number of steps taken at a time, and the time that passes after each; 0 is none. */
export interface Pace {
  readonly burst: number;
  readonly gap: number;
}

/** An order that the scheduler of fast-check draws. */
export class DrawnOrder implements Order {
  readonly taken: string[] = [];
  readonly #scheduler: Scheduler;
  readonly #paces: readonly Pace[];
  readonly #pass: Pass;
  readonly #picked: Step[] = [];
  #steps = 0;

  constructor(scheduler: Scheduler, paces: readonly Pace[], pass: Pass) {
    this.#scheduler = scheduler;
    this.#paces = paces;
    this.#pass = pass;
  }

  add(label: string, go: () => void): void {
    void this.#scheduler.schedule(Promise.resolve(), label).then(() => this.#picked.push({ label, go }));
  }

  async run(): Promise<void> {
    while (this.#scheduler.count() > 0) {
      const { burst, gap } = this.#paces[this.#steps++ % this.#paces.length] as Pace;
      for (let left = burst; left > 0 && this.#scheduler.count() > 0; left--) {
        await this.#scheduler.waitOne();
        await turns(2);
      }
      for (const { label, go } of this.#picked.splice(0)) {
        this.taken.push(label);
        go();
        await this.#pass(gap);
      }
      if (this.#scheduler.count() === 0) await this.#pass(ALL);
    }
  }
}

/** The path of one order: at each step, the choice taken and the number of choices. */
interface Turning {
  readonly of: number;
  at: number;
}

/** One order of those that {@link everyOrder} goes through. */
class WalkedOrder implements Order {
  readonly taken: string[] = [];
  readonly #path: Turning[];
  readonly #gaps: readonly number[];
  readonly #pass: Pass;
  #open: Step[] = [];
  #depth = 0;

  constructor(path: Turning[], gaps: readonly number[], pass: Pass) {
    this.#path = path;
    this.#gaps = gaps;
    this.#pass = pass;
  }

  add(label: string, go: () => void): void {
    this.#open.push({ label, go });
  }

  async run(): Promise<void> {
    for (;;) {
      if (this.#open.length === 0) await this.#pass(ALL);
      if (this.#open.length === 0) return;
      const [next] = this.#open.splice(this.#choose(this.#open.length), 1) as [Step];
      const gap = this.#gaps[this.#choose(this.#gaps.length)] as number;
      this.taken.push(`${next.label} (${gap})`);
      next.go();
      await this.#pass(gap);
    }
  }

  #choose(of: number): number {
    this.#path[this.#depth] ??= { of, at: 0 };
    const turning = this.#path[this.#depth] as Turning;
    if (turning.of !== of) throw new Error("the same way did not lead to the same place");
    this.#depth += 1;
    return turning.at;
  }
}

/**
 * Runs something once in every order that its steps can come in.
 *
 * @param gaps How many turns promises go on behind a step: each of them behind each.
 * @param pass Lets all that is under way between two steps go on.
 * @returns How many orders there are.
 */
export async function everyOrder(
  gaps: readonly number[],
  run: (order: Order) => Promise<void>,
  pass: Pass = turns,
): Promise<number> {
  const path: Turning[] = [];
  for (let count = 1; ; count++) {
    await run(new WalkedOrder(path, gaps, pass));
    while (path.length > 0 && (path.at(-1) as Turning).at + 1 === (path.at(-1) as Turning).of) path.pop();
    const last = path.at(-1);
    if (last === undefined) return count;
    last.at += 1;
  }
}
