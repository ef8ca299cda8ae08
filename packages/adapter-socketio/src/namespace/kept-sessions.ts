import type { RecordMark } from "@portcullis/core/internal";

/** The longest time of a timer of Node, in milliseconds. */
const LONGEST = 2_147_483_647;

/** A session that this process has stored. */
interface Entry {
  /** The end of the sequence of revocations when it was stored. */
  readonly mark: RecordMark | undefined;
  /** True once a connection goes on with it. */
  readonly isUsed: boolean;
  readonly until: number;
}

/** The sessions that one adapter has stored or restored, by their private id, for as long as they can be restored. */
export class KeptSessions {
  readonly #lifetime: number;
  /** The entries, the one that ends next in front. */
  readonly #entries = new Map<string, Entry>();
  #timer: NodeJS.Timeout | undefined;

  /** @param lifetime The `maxDisconnectionDuration` of the server, in milliseconds. */
  constructor(lifetime: number) {
    this.#lifetime = Math.min(lifetime, LONGEST);
  }

  /** A session is stored. */
  keep(id: string, mark: RecordMark | undefined): void {
    this.#set(id, mark, false);
  }

  /** A connection goes on with a session. What was stored is out of date from now on. */
  use(id: string): void {
    this.#set(id, undefined, true);
  }

  isUsed(id: string): boolean {
    return this.#entries.get(id)?.isUsed === true;
  }

  /** The mark of a session; `undefined` where another process has stored it. */
  markOf(id: string): RecordMark | undefined {
    return this.#entries.get(id)?.mark;
  }

  #set(id: string, mark: RecordMark | undefined, isUsed: boolean): void {
    this.#entries.delete(id);
    this.#entries.set(id, { mark, isUsed, until: performance.now() + this.#lifetime });
    this.#wait();
  }

  #wait(): void {
    const [first] = this.#entries.values();
    if (first === undefined || this.#timer) return;
    this.#timer = setTimeout(() => this.#drop(), Math.max(1, first.until - performance.now())).unref();
  }

  /** Drops the entries whose time is over. A mark keeps all later revocations in memory. */
  #drop(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const [id, { until }] of this.#entries) {
      if (until > now) break;
      this.#entries.delete(id);
    }
    this.#wait();
  }
}
