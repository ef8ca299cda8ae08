// @ts-check
// Loaded before a server (--import): clocks that jump when they are told to. Timers go on as before.

const RealDate = Date;
const realNow = performance.now.bind(performance);
let offset = 0;
let monotonicOffset = 0;

class JumpingDate extends RealDate {
  /** @param {...any} values */
  constructor(...values) {
    if (values.length === 0) super(JumpingDate.now());
    else super(.../** @type {[any]} */ (values));
  }

  static now() {
    return RealDate.now() + offset;
  }
}

globalThis.Date = /** @type {DateConstructor} */ (JumpingDate);
performance.now = () => realNow() + monotonicOffset;

/** @param {{ Date?: number, performance?: number }} step Milliseconds, added to what there is. */
const stepClock = (step) => {
  offset += step.Date ?? 0;
  monotonicOffset += step.performance ?? 0;
};
Object.assign(globalThis, { stepClock });
