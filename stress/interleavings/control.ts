import { vi } from "vitest";
import { CancellationScope } from "../../packages/core/src/engine/cancellation.js";
import { TimeoutList, type TimeoutNode } from "../../packages/core/src/util/deadline.js";

/** Resources that a simulation holds. */
class Left {
  /** By cancellation: what is to be ended with it. */
  readonly held = new Map<CancellationScope, Set<object>>();
  readonly waits = new Set<TimeoutNode>();
  /** Number of errors that would have ended the process. */
  surfaced = 0;

  /** Number of pending deadlines. */
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
  const { add, remove } = CancellationScope.prototype;
  const { add: wait } = TimeoutList.prototype;
  globalThis.queueMicrotask = (go) =>
    enqueue(() => {
      try {
        go();
      } catch {
        left.surfaced += 1;
      }
    });
  CancellationScope.prototype.add = function note(one) {
    left.held.set(this, (left.held.get(this) ?? new Set()).add(one));
    add.call(this, one);
  };
  CancellationScope.prototype.remove = function note(one) {
    left.held.get(this)?.delete(one);
    remove.call(this, one);
  };
  TimeoutList.prototype.add = function note(one) {
    left.waits.add(one);
    wait.call(this, one);
  };
  return () => {
    vi.useRealTimers();
    globalThis.queueMicrotask = enqueue;
    Object.assign(CancellationScope.prototype, { add, remove });
    TimeoutList.prototype.add = wait;
  };
}

/** When all has ended, no deadline is waited for, no evaluation, and no timer. */
export function expectNothingHeld(fail: (text: string) => void): void {
  vi.advanceTimersByTime(REST);
  const waits = left.waiting;
  const held = [...left.held.values()].reduce((sum, { size }) => sum + size, 0);
  if (waits > 0) fail(`deadlines are left: ${waits}`);
  if (held > 0) fail(`evaluations are left on cancellation scopes: ${held}`);
  // Each list of deadlines sees at its next tick that it is empty.
  vi.advanceTimersByTime(TICK);
  if (vi.getTimerCount() > 0) fail(`timers are left: ${vi.getTimerCount()}`);
}

/** The time for which a place for revalidations stays taken after a fault, and a tick. */
const REST = 120;

/** The longest time between two ticks of any list of deadlines here. */
const TICK = 3000;
