import { PermissionDenied, PermissionMisuse } from "@portcullis/core";
import { show } from "@portcullis/core/internal";
import type { UrlOf } from "../exchange/http-context.js";
import { textOf } from "../exchange/url-text.js";

const PART = /:([A-Za-z_]\w*)/;
/** Everything a request target may be made of (RFC 3986), and nothing that ends its line. */
const TARGET = /^\/[\w\-.~%!$&'()*+,;=:@/?[\]]*$/;

/**
 * Reads the option `url`: a template such as `/orders/:id`, or a function.
 *
 * @throws {PermissionMisuse} When it is neither.
 */
export function readUrl(caller: string, url: unknown): UrlOf | undefined {
  if (url === undefined) return undefined;
  if (typeof url === "function") return (context) => checked(caller, url(context));
  if (typeof url !== "string" || !TARGET.test(url)) {
    throw new PermissionMisuse(
      `${caller} got ${show(url)} as \`url\`: give a path that begins with a slash, as in "/orders/:id", or a function`,
    );
  }
  const pieces = url.split(PART);
  return (_context, parts) => pieces.map((piece, index) => (index % 2 === 0 ? piece : fill(piece, parts))).join("");
}

function checked(caller: string, url: unknown): string {
  if (typeof url === "string" && TARGET.test(url)) return url;
  throw new PermissionMisuse(`${caller}: \`url\` returned ${show(url)}: return a path, each part encoded`);
}

/** INVARIANT: a part stays one part of the path: it is encoded, not empty, and neither `.` nor `..`. */
function fill(name: string, parts: Readonly<Record<string, unknown>>): string {
  const value = Object.hasOwn(parts, name) ? parts[name] : undefined;
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
