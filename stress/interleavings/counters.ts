import { mkdirSync, writeFileSync } from "node:fs";

const given = Number(process.env.PORTCULLIS_INTERLEAVINGS ?? 0);

/** True in the long form. */
export const isLong = given > 0;

/**
 * The number of orders to draw: PORTCULLIS_INTERLEAVINGS, or `short` without it.
 *
 * @param share The fraction of the long form that is drawn. Real sockets take longer.
 */
export function runs(short: number, share = 1): number {
  return isLong ? Math.ceil(given * share) : short;
}

/** Counts orders, and how many of them differ. */
export class Counters {
  #schedules = 0;
  readonly #seen = new Set<number>();

  count(taken: readonly string[]): void {
    this.#schedules += 1;
    this.#seen.add(hash(taken.join()));
  }

  /** Writes the count where PORTCULLIS_INTERLEAVINGS_TALLY says, for the one who has started the long form. */
  report(what: string): void {
    const folder = process.env.PORTCULLIS_INTERLEAVINGS_TALLY;
    if (!folder) return;
    mkdirSync(folder, { recursive: true });
    const counted = { what, schedules: this.#schedules, distinct: this.#seen.size };
    writeFileSync(`${folder}/${what.replaceAll(/\W+/g, "-")}.json`, JSON.stringify(counted));
  }
}

/** 53 bits of two hashes by multiplication. */
function hash(text: string): number {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 15), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return (high & 0x1fffff) * 2 ** 32 + (low >>> 0);
}
