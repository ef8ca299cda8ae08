import { PermissionDenied, PermissionMisuse } from "@portcullis/core";
import { show } from "@portcullis/core/internal";
import type { UrlOf } from "../exchange/http-context.js";
import { textOf } from "../exchange/url-text.js";

/** A part of the path such as `:id`, or a wildcard such as `*path`, which spans several segments. */
const PART = /([:*][A-Za-z_]\w*)/;
const PART_OF_QUERY = /(:[A-Za-z_]\w*)/;
/** Characters of router patterns, which a template cannot fill. */
const PATTERN = /[*()+[\]!]/;
/** The beginning of a query. To a router, any other question mark makes the part before it optional. */
const QUERY = /^[\w%][\w%.~$-]*(\[[^\]]*\])*(=|&|$)/;
/** The characters of a request target (RFC 3986). Line breaks are not among them. */
const TARGET = /^\/[\w\-.~%!$&'()*+,;=:@/?[\]]*$/;

/**
 * Reads the option `url`: a template such as `/orders/:id`, or a function.
 *
 * @throws {PermissionMisuse} When it is neither, or contains a pattern that only routers support.
 */
export function readUrl(caller: string, url: unknown): UrlOf | undefined {
  if (url === undefined) return undefined;
  if (typeof url === "function") return (context) => checked(caller, url(context));
  if (typeof url !== "string" || !TARGET.test(url)) {
    throw new PermissionMisuse(
      `${caller} got ${show(url)} as \`url\`: give a path that begins with a slash, as in "/orders/:id", or a function`,
    );
  }
  return templateOf(caller, url);
}

function templateOf(caller: string, url: string): UrlOf {
  const at = url.indexOf("?");
  const pieces = (at === -1 ? url : url.slice(0, at)).split(PART);
  const search = at === -1 ? [] : url.slice(at).split(PART_OF_QUERY);
  const isPattern = pieces.some((piece, index) => index % 2 === 0 && PATTERN.test(piece));
  if (isPattern || (at !== -1 && !QUERY.test(url.slice(at + 1)))) {
    throw new PermissionMisuse(
      `${caller} got ${show(url)} as \`url\`: a template knows parts such as :id, wildcards such as *path and a query such as ?sort=:sort; encode what else is meant as it stands, or give a function`,
    );
  }
  const namesIn = (all: readonly string[]) => all.filter((_, index) => index % 2 === 1).map((part) => part.slice(1));
  const names = new Set([...namesIn(pieces), ...namesIn(search)]);
  const fillIn = (all: readonly string[], parts: Readonly<Record<string, unknown>>) =>
    all.map((piece, index) => (index % 2 === 0 ? piece : fill(piece, parts))).join("");
  return Object.assign(((_context, parts) => fillIn(pieces, parts) + fillIn(search, parts)) as UrlOf, { names });
}

/** @throws {PermissionDenied} When a part is not encoded, because it was made of client input. */
function checked(caller: string, url: unknown): string {
  if (typeof url === "string" && TARGET.test(url)) return url;
  if (typeof url === "string" && url.startsWith("/")) {
    throw new PermissionDenied("invalid_input", { status: 400, reason: "A url cannot be made of what was sent." });
  }
  throw new PermissionMisuse(`${caller}: \`url\` returned ${show(url)}: return a path, each part encoded`);
}

/** Fills a part with its value, a wildcard with a text or a list of texts. */
function fill(piece: string, parts: Readonly<Record<string, unknown>>): string {
  const name = piece.slice(1);
  const value = Object.hasOwn(parts, name) ? parts[name] : undefined;
  if (piece.startsWith(":")) return segment(name, value);
  const all = typeof value === "string" ? value.split("/") : value;
  if (!Array.isArray(all) || all.length === 0) throw unfit(name);
  return all.map((one) => segment(name, typeof one === "string" ? one : undefined)).join("/");
}

/** INVARIANT: a value fills exactly one segment of the path. It is encoded, not empty, and neither `.` nor `..`. */
function segment(name: string, value: unknown): string {
  const text = textOf(value);
  if (text === undefined || text === "" || text === "." || text === "..") throw unfit(name);
  try {
    return encodeURIComponent(text);
  } catch {
    throw unfit(name);
  }
}

function unfit(name: string): PermissionDenied {
  return new PermissionDenied("invalid_input", { status: 400, reason: `\`${name}\` is missing or does not fit.` });
}
