import { vi } from "vitest";
import { Lifeline } from "../../packages/core/src/engine/evaluation.js";
import { Deadlines, type Expiring } from "../../packages/core/src/util/deadline.js";

/** What a rehearsal has left behind so far. */
class Left {
  /** By lifeline: what is to be ended with it. */
  readonly held = new Map<Lifeline, Set<object>>();
  readonly waits = new Set<Expiring>();
  /** How many errors would have ended the process. */
  surfaced = 0;

  /** How many deadlines are waited for. */
  get waiting(): number {
    let waiting = 0;
    for (const { previous } of this.waits) if (previous !== undefined) waiting += 1;
    return waiting;
  }

  reset(): void {
    this.held.clear();
    this.waits.clear();
    this.surfaced = 0;
  }
}

export const left = new Left();

/** Puts the clock under control, and takes down what waits. Returns what gives all back. */
export function takeControl(): () => void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date", "performance"] });
  const { queueMicrotask: enqueue } = globalThis;
  const { add, remove } = Lifeline.prototype;
  const { add: wait } = Deadlines.prototype;
  globalThis.queueMicrotask = (go) =>
    enqueue(() => {
      try {
        go();
      } catch {
        left.surfaced += 1;
      }
    });
  Lifeline.prototype.add = function note(one) {
    left.held.set(this, (left.held.get(this) ?? new Set()).add(one));
    add.call(this, one);
  };
  Lifeline.prototype.remove = function note(one) {
    left.held.get(this)?.delete(one);
    remove.call(this, one);
  };
  Deadlines.prototype.add = function note(one) {
    left.waits.add(one);
    wait.call(this, one);
  };
  return () => {
    vi.useRealTimers();
    globalThis.queueMicrotask = enqueue;
    Object.assign(Lifeline.prototype, { add, remove });
    Deadlines.prototype.add = wait;
  };
}

/** When all has ended, no deadline is waited for, no evaluation, and no timer. */
export function expectNothingHeld(fail: (text: string) => void): void {
  const waits = left.waiting;
  const held = [...left.held.values()].reduce((sum, { size }) => sum + size, 0);
  if (waits > 0) fail(`deadlines are left: ${waits}`);
  if (held > 0) fail(`evaluations are left on lifelines: ${held}`);
  // Each list of deadlines sees at its next tick that it is empty.
  vi.advanceTimersByTime(TICK);
  if (vi.getTimerCount() > 0) fail(`timers are left: ${vi.getTimerCount()}`);
}

/** The longest time between two ticks of any list of deadlines here. */
const TICK = 3000;
