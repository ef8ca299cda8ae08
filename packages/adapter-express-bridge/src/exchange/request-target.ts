import type { IncomingMessage } from "node:http";
import { PermissionDenied, type Scope } from "@portcullis/core";
import { type DerivationSettings, type HttpContext, isOverHttp } from "./http-context.js";
import { checkQuery, queryOfPayload, withoutEngine } from "./message-query.js";
import { textOf } from "./url-text.js";

/** The URL of a request, and the names of the payload fields that its query cannot represent. */
interface Target {
  readonly url: string;
  readonly unfit: readonly string[];
}

const NO_FIELDS: readonly string[] = [];
const NO_NAMES: ReadonlySet<string> = new Set();

/** The question of a request whose target is read. */
export interface TargetQuestion {
  readonly context: HttpContext<never>;
  readonly input: Readonly<Record<string, unknown>>;
  readonly handshake: Partial<IncomingMessage>;
  readonly method: string;
}

/**
 * Derives the request target that middlewares see from a question to a rule.
 *
 * @throws {PermissionDenied} When a URL cannot represent what the client sent.
 */
export function deriveTarget(
  settings: DerivationSettings,
  { context, input, handshake, method }: TargetQuestion,
): Target {
  const target = urlOf(settings, context, input, handshake);
  return isOwnQuery(settings, context)
    ? { url: target, unfit: NO_FIELDS }
    : targetOfMessage(target, method, settings, context);
}

function urlOf(
  { urlOf, query }: DerivationSettings,
  context: HttpContext<never>,
  input: Readonly<Record<string, unknown>>,
  handshake: Partial<IncomingMessage>,
): string {
  const url = urlOf ? urlOf(context, input) : (handshake.url ?? targetOf(context.scope as Scope));
  if (query === undefined) return url;
  const search = searchOf(query(context));
  const [path] = url.split("?", 1) as [string];
  return search === "" ? path : `${path}?${search}`;
}

/**
 * True when the query is left unchanged. At connect there is no message. With the option `query` or a `url` function
 * the developer has set it. The handler of an HTTP request reads the query itself.
 */
function isOwnQuery({ query, urlOf }: DerivationSettings, context: HttpContext<never>): boolean {
  const isMade = query !== undefined || (urlOf !== undefined && urlOf.names === undefined);
  return isMade || context.phase === "connect" || isOverHttp(context);
}

/**
 * The URL of a message. INVARIANT: a name that is in the query and in the payload has the same value in both. A GET or
 * HEAD carries the payload in the query, as over HTTP.
 */
function targetOfMessage(
  target: string,
  method: string,
  { urlOf, params }: DerivationSettings,
  { payload, scope }: HttpContext<never>,
): Target {
  const isSocketio = (scope as Scope).transport === "socket.io";
  const url = isSocketio && urlOf === undefined ? withoutEngine(target, payload) : target;
  checkQuery(url, payload);
  if (method !== "GET" && method !== "HEAD") return { url, unfit: NO_FIELDS };
  const taken = params === undefined ? urlOf?.names : undefined;
  const { fields, unfit } = queryOfPayload(url, payload, taken ?? NO_NAMES);
  const search = searchOf(fields);
  if (search === "") return { url, unfit };
  const [whole, fragment] = url.split("#", 2) as [string, string?];
  const joined = `${whole}${whole.includes("?") ? "&" : "?"}${search}${fragment === undefined ? "" : `#${fragment}`}`;
  return { url: joined, unfit };
}

/** The request target of a scope without a handshake. Such scopes occur in tests. */
function targetOf({ path = "/", query = {} }: Partial<Scope>): string {
  const search = searchOf(query);
  return search === "" ? path : `${path}?${search}`;
}

/** @throws {PermissionDenied} When a URL cannot represent a value. No middleware decides on less data than was sent. */
function searchOf(query: Readonly<Record<string, unknown>>): string {
  const search = new URLSearchParams();
  for (const [name, values] of Object.entries(query)) {
    if (values === undefined) continue;
    for (const value of Array.isArray(values) ? values : [values]) search.append(whole(name), whole(textOf(value)));
  }
  return search.toString();
}

/**
 * Returns a text that a URL represents unchanged.
 *
 * @throws {PermissionDenied} When the value is no such text.
 */
function whole(text: string | undefined): string {
  try {
    // A lone surrogate is no character. A URL would hold another character in its place.
    if (text !== undefined && encodeURIComponent(text) !== undefined) return text;
  } catch {
    // A lone surrogate is refused like a value without a text.
  }
  throw new PermissionDenied("invalid_input", { status: 400, reason: "A query cannot be made of what was sent." });
}
