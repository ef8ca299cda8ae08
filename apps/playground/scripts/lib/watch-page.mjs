// @ts-check

/** @typedef {{ longTasks: number[], keys: number[], frames: number[] }} Seen milliseconds each */

/**
 * Runs in the page before its own scripts: notes tasks longer than 50 ms, the time from each key to the frame drawn
 * after it, and the time between frames. The global `takeSeen()` answers with what there is since it was last called.
 */
export function observePage() {
  const page = /** @type {any} */ (globalThis);
  const nothing = () => /** @type {Seen} */ ({ longTasks: [], keys: [], frames: [] });
  let seen = nothing();
  page.takeSeen = () => {
    const taken = seen;
    seen = nothing();
    return taken;
  };
  new page.PerformanceObserver((/** @type {any} */ list) => {
    for (const { duration } of list.getEntries()) seen.longTasks.push(duration);
  }).observe({ type: "longtask" });
  page.addEventListener("keydown", (/** @type {any} */ event) => {
    // Told in the frame that follows, once it has been drawn.
    page.requestAnimationFrame(() => setTimeout(() => seen.keys.push(performance.now() - event.timeStamp)));
  });
  let last = performance.now();
  const next = (/** @type {number} */ now) => {
    seen.frames.push(now - last);
    last = now;
    page.requestAnimationFrame(next);
  };
  page.requestAnimationFrame(next);
}
