// @ts-check

/** @typedef {{ id: string, subject: string, effect: string, except: string | null, xid: number }} Row */

/** A simulated server of Postgres with the table of revocations. It knows the statements of the log, and no others. */
export class TableServer {
  /** @type {Row[]} Rows of transactions that are over. */
  #rows = [];
  /** @type {{ subject: string, xid: number } | undefined} */
  #mark;
  #next = 100;
  /** @type {Map<number, Row[]>} Rows of open transactions. */
  #open = new Map();
  #started = 1;

  begin() {
    const xid = this.#next++;
    this.#open.set(xid, []);
    return xid;
  }

  /** @param {number} xid @returns {boolean} false where a crash has ended the transaction */
  commit(xid) {
    const rows = this.#open.get(xid);
    if (rows === undefined) return false;
    this.#rows.push(...rows);
    return this.#open.delete(xid);
  }

  /** @param {number} xid */
  abort(xid) {
    this.#open.delete(xid);
  }

  /** @param {readonly unknown[]} values @param {number} [xid] an open transaction */
  append([id, subject, effect, except], xid) {
    if (this.#rows.some((row) => row.id === id)) return;
    const row = /** @type {Row} */ ({ id, subject, effect, except, xid });
    if (xid === undefined) this.#rows.push({ ...row, xid: this.#next++ });
    else this.#open.get(xid)?.push(row);
  }

  /** @param {string} name */
  mark(name) {
    this.#mark ??= { subject: name, xid: 0 };
  }

  /** @param {string} name @param {string} known */
  adopt(name, known) {
    for (const row of this.#rows) if (row.xid >= this.#next) row.xid = 0;
    if (this.#mark?.subject === known) this.#mark = { subject: name, xid: 0 };
  }

  /** @param {string | null} from the snapshot of an earlier read */
  read(from) {
    const open = [...this.#open.keys()];
    const now = { least: Math.min(this.#next, ...open), next: this.#next, open };
    const mark = this.#mark;
    const before = from === null ? undefined : JSON.parse(from);
    const isNew = (/** @type {Row} */ { xid }) =>
      before !== undefined && xid >= before.least && (xid >= before.next || before.open.includes(xid));
    const rows = this.#rows.filter(isNew).sort((one, other) => one.xid - other.xid);
    const common = {
      snapshot: JSON.stringify(now),
      started: String(this.#started),
      mark: mark?.subject ?? null,
      kept: String(before !== undefined && mark !== undefined && mark.xid <= before.least),
    };
    const answer = (/** @type {Row} */ { id, subject, effect, except, xid }) => {
      const future = String(Math.max(mark?.xid ?? 0, xid) >= now.next);
      return { ...common, future, id, subject, effect, except_subject: except };
    };
    return rows.length > 0 ? rows.map(answer) : [{ ...common, future: "false", id: null }];
  }

  /** True while the rows behind a position can still be told. @param {{ started: string, mark: string }} position */
  has({ started, mark }) {
    return started === String(this.#started) && mark === this.#mark?.subject;
  }

  wipe() {
    this.#rows = [];
    this.#mark = undefined;
  }

  /** What a replica has that is cut off now. Returns what lets it take over. */
  cutOff() {
    const [rows, mark, next] = [[...this.#rows], this.#mark, this.#next];
    return () => {
      this.#rows = rows;
      this.#mark = mark;
      this.#next = next;
      this.restart();
    };
  }

  /** A crash ends all transactions. */
  restart() {
    this.#open.clear();
    this.#started += 1;
  }
}
