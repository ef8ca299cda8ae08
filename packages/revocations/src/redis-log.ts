import type { AppendOptions, RevocationBatch, RevocationLog, RevocationRecord } from "@portcullis/core/continuity";
import { misuse } from "@portcullis/core/internal";
import { CallsUnderWay } from "./calls-under-way.js";
import { parseRecord } from "./record-text.js";
import type { RedisStream, StreamEntry } from "./redis-stream.js";

/** Entries of one answer. More would hold the event loop for long. */
const PAGE = 1_000;
/** Answers of one read. The next read goes on from there. */
const PAGES = 20;
/** Begins the text of an entry that is no record: it marks the beginning of a stream. */
const MARK = "mark ";

/**
 * A log in a stream of Redis. Each read begins at the last entry that was read. If Redis has another entry there, or
 * none, entries may be missing: the stream was trimmed or deleted, or Redis has lost its newest entries.
 */
export class RedisLog implements RevocationLog<StreamEntry> {
  readonly #stream: RedisStream;
  readonly #calls = new CallsUnderWay();

  constructor(stream: RedisStream) {
    this.#stream = stream;
  }

  async append(record: RevocationRecord, { signal, client }: AppendOptions = {}): Promise<void> {
    if (client !== undefined) {
      throw misuse("redisRevocations()", client, "revoke without it, after the transaction", "`client`");
    }
    await this.#calls.run(record.id, () => this.#stream.add(JSON.stringify(record), signal));
  }

  read(position?: StreamEntry): Promise<RevocationBatch<StreamEntry>> {
    if (position === undefined) return this.#calls.run("end", () => this.#begin());
    return this.#calls.run(`${position.id} ${position.text}`, () => this.#readFrom(position));
  }

  async #begin(): Promise<RevocationBatch<StreamEntry>> {
    return { records: [], position: await this.#end(), whole: true };
  }

  /** The last entry. An empty stream is given one, because a stream that is still empty tells nothing. */
  async #end(): Promise<StreamEntry> {
    const last = await this.#stream.last();
    if (last !== undefined) return last;
    await this.#stream.add(MARK + crypto.randomUUID(), undefined);
    const added = await this.#stream.last();
    if (added === undefined) throw new Error("the stream is empty, although an entry was added");
    return added;
  }

  async #readFrom(start: StreamEntry): Promise<RevocationBatch<StreamEntry>> {
    const records: RevocationRecord[] = [];
    let position = start;
    let whole = true;
    for (let page = 0; page < PAGES; page += 1) {
      const entries = await this.#stream.from(position.id, PAGE);
      const isKnown = entries[0]?.id === position.id && entries[0].text === position.text;
      for (const { text } of isKnown ? entries.slice(1) : entries) {
        const record = parseRecord(text);
        if (record !== undefined) records.push(record);
        else if (!text.startsWith(MARK)) whole = false;
      }
      if (!isKnown) whole = false;
      position = entries.at(-1) ?? (await this.#end());
      if (entries.length < PAGE) break;
    }
    return { records, position, whole };
  }
}
