import { PermissionDenied } from "@portcullis/core";
import { isSame } from "./same-fields.js";

/** Query parsers read this many fields and ignore the others. */
const MAX_FIELDS = 1000;
/** Query parameters that engine.io adds for itself. */
const OF_ENGINE = new Set(["EIO", "transport", "sid", "t", "b64", "j"]);

type Fields = Readonly<Record<string, unknown>>;

/**
 * Refuses a message when a field has another value in the query of its request. Otherwise middlewares that read the
 * query would judge one value, and the handler would act on another. Values are compared as texts.
 *
 * @throws {PermissionDenied} When the values differ or cannot be compared.
 */
export function checkQuery(url: string, payload: Fields): void {
  const search = searchIn(url);
  if (search === "") return;
  const fields = new URLSearchParams(search);
  for (const name of new Set(fields.keys())) {
    // A parser of nested fields may read `a[b]` as a field of `a`. The result depends on the application's parser, so
    // it is not compared.
    const [base] = name.split("[", 1) as [string];
    if (base !== name && valueAt(payload, base) !== undefined) throw ambiguous(base);
    const value = valueAt(payload, name);
    if (value === undefined) continue;
    const all = fields.getAll(name);
    if (!isSame(all.length > 1 ? all : all[0], value, true)) throw ambiguous(name);
  }
}

/** The URL of a socket.io handshake, without the engine.io parameters that the message also has as fields. */
export function withoutEngine(url: string, payload: Fields): string {
  const search = searchIn(url);
  const isOwn = (pair: string) =>
    [...new URLSearchParams(pair).keys()].some((name) => OF_ENGINE.has(name) && Object.hasOwn(payload, name));
  const pairs = search.split("&");
  const left = pairs.filter((pair) => !isOwn(pair));
  return left.length === pairs.length ? url : `${url.slice(0, url.indexOf("?"))}?${left.join("&")}`;
}

/** A query made of a payload, and the names of the fields that it cannot represent. */
export interface PayloadQuery {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly unfit: readonly string[];
}

/**
 * Makes query fields of a payload, as a GET carries them over HTTP. A query can represent texts, numbers, booleans and
 * lists of them.
 *
 * @param url The URL so far. A name that is already in its query is not added again.
 * @param taken Names that fill parts of the path.
 * @throws {PermissionDenied} When there are more fields than query parsers read.
 */
export function queryOfPayload(url: string, payload: Fields, taken: ReadonlySet<string>): PayloadQuery {
  const fields = new URLSearchParams(searchIn(url));
  const query: Record<string, unknown> = Object.create(null);
  const unfit: string[] = [];
  let count = [...fields].length;
  for (const [name, value] of Object.entries(payload)) {
    if (value === undefined || taken.has(name)) continue;
    const isCarried = Array.isArray(value) ? value.every(isPlainText) : isPlainText(value);
    // A parser of nested fields would read a name with a bracket as another name.
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

/** The query of a URL. A client may send a fragment, which is not part of it. */
function searchIn(url: string): string {
  return url.replace(/#.*/s, "").replace(/[^?]*\??/, "");
}

function valueAt(payload: Fields, name: string): unknown {
  return Object.hasOwn(payload, name) ? payload[name] : undefined;
}

function ambiguous(name: string): PermissionDenied {
  const reason = `\`${name.slice(0, 40)}\` is in the query and in the message, with different values.`;
  return new PermissionDenied("invalid_input", { status: 400, reason });
}
