import { vi } from "vitest";

/** Milliseconds that pass at a time at most, where timers and promises are to go on in turn. */
export const STEP = 600;

/** The earliest time of the monotonic clock: behind a stop of the process, timers are late until they have fired. */
let floor = 0;
/** Milliseconds in which no promise has gone on, or no timer either. */
let lost = 0;
let elapsed = () => 0;

/** Takes the monotonic clock over, which fake timers have set already, and give back. */
export function takeClock(): void {
  elapsed = performance.now.bind(performance);
  performance.now = () => Math.max(elapsed(), floor);
}

/** The present time on both clocks. */
export const present = () => ({ monotonic: performance.now(), wall: Date.now() });

/** Milliseconds for which timers and promises have gone on. */
export const running = () => performance.now() - lost;

/** Lets the timers fire that are late. */
export function catchUp(): void {
  const late = floor - elapsed();
  if (late <= 0) return;
  vi.setSystemTime(Date.now() - late);
  vi.advanceTimersByTime(late);
}

/** Lets time pass. */
export function pass(milliseconds: number): void {
  catchUp();
  vi.advanceTimersByTime(Math.max(0, milliseconds));
  lost += Math.max(0, milliseconds - STEP);
}

/** Lets time pass without a turn of the event loop. */
export function stop(milliseconds: number): void {
  floor = performance.now() + milliseconds;
  lost += milliseconds;
  vi.setSystemTime(Date.now() + milliseconds);
}
