import { PermissionDenied } from "@portcullis/core";
import { isSame } from "./same-fields.js";

/** As many as parsers of queries read; they pass over the others. */
const MAX_FIELDS = 1000;
/** What a handshake of socket.io brings for its own sake. */
const OF_ENGINE = new Set(["EIO", "transport", "sid", "t", "b64", "j"]);

type Fields = Readonly<Record<string, unknown>>;

/**
 * Refuses a message one of whose names is in the query of its request with another value: middlewares that read the
 * query would judge one thing, and the handler act on another. Values are compared as texts.
 *
 * @throws {PermissionDenied} Where they differ, or cannot be compared.
 */
export function checkQuery(url: string, payload: Fields): void {
  const search = searchIn(url);
  if (search === "") return;
  const fields = new URLSearchParams(search);
  for (const name of new Set(fields.keys())) {
    // What a parser of nested fields makes of it is between it and the application.
    const [base = ""] = name.split("[", 1);
    if (base !== name && valueAt(payload, base) !== undefined) throw ambiguous(base);
    const value = valueAt(payload, name);
    if (value === undefined) continue;
    const all = fields.getAll(name);
    if (!isSame(all.length > 1 ? all : all[0], value, true)) throw ambiguous(name);
  }
}

/** The url of a handshake of socket.io, without those of its own names that a message has too. */
export function withoutEngine(url: string, payload: Fields): string {
  const search = searchIn(url);
  const isOwn = (pair: string) => {
    const [name = ""] = new URLSearchParams(pair).keys();
    return OF_ENGINE.has(name) && Object.hasOwn(payload, name);
  };
  const pairs = search.split("&");
  const left = pairs.filter((pair) => !isOwn(pair));
  return left.length === pairs.length ? url : `${url.slice(0, url.indexOf("?"))}?${left.join("&")}`;
}

/** A query made of a payload, and the names of what it cannot hold. */
export interface PayloadQuery {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly unfit: readonly string[];
}

/**
 * The fields of a payload that its request brings as a query, as a GET does over HTTP: texts, numbers, booleans and
 * lists of them.
 *
 * @param url The url so far. A name that is there already is not added again.
 * @param taken Names that the path holds.
 * @throws {PermissionDenied} Where there are more fields than parsers read.
 */
export function queryOfPayload(url: string, payload: Fields, taken: ReadonlySet<string>): PayloadQuery {
  const fields = new URLSearchParams(searchIn(url));
  const query: Record<string, unknown> = Object.create(null);
  const unfit: string[] = [];
  let count = [...fields].length;
  for (const [name, value] of Object.entries(payload)) {
    if (value === undefined || taken.has(name)) continue;
    const isCarried = Array.isArray(value) ? value.every(isPlainText) : isPlainText(value);
    // A parser of nested fields would make another name of one with a bracket.
    if (!isCarried || name.includes("[")) unfit.push(name);
    else if (!fields.has(name)) {
      query[name] = value;
      count += Array.isArray(value) ? value.length : 1;
    }
  }
  if (count > MAX_FIELDS) throw new PermissionDenied("invalid_input", { status: 400, reason: "Too many fields." });
  return { fields: query, unfit };
}

function isPlainText(value: unknown): boolean {
  return typeof value === "string" || typeof value === "boolean" || Number.isFinite(value);
}

/** A fragment is no part of a query; a client may send one all the same. */
function searchIn(url: string): string {
  const [whole = ""] = url.split("#", 1);
  const at = whole.indexOf("?");
  return at === -1 ? "" : whole.slice(at + 1);
}

function valueAt(payload: Fields, name: string): unknown {
  return Object.hasOwn(payload, name) ? payload[name] : undefined;
}

function ambiguous(name: string): PermissionDenied {
  const reason = `\`${name.slice(0, 40)}\` is in the query and in the message, with different values.`;
  return new PermissionDenied("invalid_input", { status: 400, reason });
}
