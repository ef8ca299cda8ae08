// @ts-check

/**
 * A simulated process: what belongs to it waits while it is stalled, and is lost once it is dead.
 *
 * @typedef {object} Owner
 * @property {boolean} isDead
 * @property {number} stalledUntil
 */

/** @typedef {{ at: number, order: number, go: () => void, owner: Owner | undefined, isOver: boolean }} Item */

/** Simulated time, in milliseconds. All that happens is in one queue, so that a seed leads to the same run. */
export class SimulatedTime {
  now = 0;
  /** @type {Item[]} A heap. */
  #items = [];
  #count = 0;

  /** @param {number} milliseconds @param {() => void} go @param {Owner} [owner] */
  in(milliseconds, go, owner) {
    return this.#add({ at: this.now + Math.max(0, milliseconds), order: 0, go, owner, isOver: false });
  }

  /** @param {number} milliseconds */
  pause(milliseconds) {
    return new Promise((resolve) => this.in(milliseconds, () => resolve(undefined)));
  }

  /** Lets everything happen until a time. Promises go on in between. @param {number} end */
  async runUntil(end) {
    for (;;) {
      await new Promise(setImmediate);
      const item = this.#items[0];
      if (item === undefined || item.at > end) break;
      this.#takeFirst();
      this.now = Math.max(this.now, item.at);
      this.#happen(item);
    }
    this.now = end;
  }

  /** @param {Item} item */
  #happen(item) {
    const { owner } = item;
    if (item.isOver || owner?.isDead) return;
    if (owner !== undefined && owner.stalledUntil > this.now) this.#add({ ...item, at: owner.stalledUntil });
    else item.go();
  }

  /** @param {Item} item */
  #add(item) {
    item.order = this.#count++;
    const items = this.#items;
    let at = items.push(item) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBefore(item, /** @type {Item} */ (items[above]))) break;
      items[at] = /** @type {Item} */ (items[above]);
      at = above;
    }
    items[at] = item;
    return item;
  }

  #takeFirst() {
    const items = this.#items;
    const last = /** @type {Item} */ (items.pop());
    if (items.length === 0) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= items.length) break;
      const right = items[below + 1];
      if (right && isBefore(right, /** @type {Item} */ (items[below]))) below += 1;
      if (!isBefore(/** @type {Item} */ (items[below]), last)) break;
      items[at] = /** @type {Item} */ (items[below]);
      at = below;
    }
    items[at] = last;
  }
}

/** @param {Item} one @param {Item} other */
function isBefore(one, other) {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
