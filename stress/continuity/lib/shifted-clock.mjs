// @ts-check
// Sets the wall clock of this process apart from that of the machine, by CLOCK_AHEAD milliseconds at first. It is loaded
// before anything else (`node --import`).

const Present = Date;
let shift = Number(process.env.CLOCK_AHEAD ?? 0);

globalThis.Date = class extends Present {
  /** @param {[]} given */
  constructor(...given) {
    if (given.length === 0) super(Present.now() + shift);
    else super(...given);
  }

  static now() {
    return Present.now() + shift;
  }
};

/** Sets the clock. @param {number} milliseconds ahead of the machine */
export function setClock(milliseconds) {
  shift = milliseconds;
}
