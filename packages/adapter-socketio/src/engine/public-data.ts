import type { Decision } from "@portcullis/core";
import { publicRefusal } from "@portcullis/core/adapter";

/** The mark of decisions, shared by all copies of the core. */
const DECISION = Symbol.for("@portcullis/core/Decision");
/** Own properties of every decision. */
const SHAPE = ["outcome", "code", "status", "by", "retry"];
/** Properties of a decision that no client may see. */
const PRIVATE = ["error", "causes", "evidence"];

/**
 * Replaces each decision in an answer by its public refusal, and drops the private fields of a copy made by spread.
 * JSON calls `toJSON`, but a parser of binary data copies field by field.
 *
 * @returns The same value if it holds no decision.
 * @throws {RangeError} When the value contains itself.
 */
export function withoutDecisions(value: unknown): unknown {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return mapList(value);
  const record = value as Record<string | symbol, unknown>;
  if (record[DECISION] === true) return publicRefusal(value as Decision);
  const isCopy = SHAPE.every((key) => Object.hasOwn(record, key));
  let copy: Record<string, unknown> | undefined;
  for (const key in record) {
    if (!Object.hasOwn(record, key)) continue;
    const isPrivate = isCopy && PRIVATE.includes(key);
    const entry = record[key];
    const mapped = isPrivate ? undefined : withoutDecisions(entry);
    if (mapped === entry && !isPrivate) continue;
    // The copy keeps the prototype, whose `toJSON` may hide more.
    copy ??= Object.assign(Object.create(Object.getPrototypeOf(record)) as Record<string, unknown>, record);
    if (isPrivate) delete copy[key];
    else copy[key] = mapped;
  }
  return copy ?? value;
}

function mapList(list: readonly unknown[]): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (let n = 0; n < list.length; n++) {
    const mapped = withoutDecisions(list[n]);
    if (mapped === list[n]) continue;
    copy ??= [...list];
    copy[n] = mapped;
  }
  return copy ?? list;
}
