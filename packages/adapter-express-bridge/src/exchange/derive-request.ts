import type { IncomingMessage } from "node:http";
import { PermissionDenied, PermissionMisuse, type Scope } from "@portcullis/core";
import { isHeader, show } from "@portcullis/core/internal";
import { type Body, bodyOf } from "./body.js";
import { withCookies } from "./cookies.js";
import type { DerivationSettings, HttpContext } from "./http-context.js";
import { checkQuery, queryOfPayload, withoutEngine } from "./message-query.js";
import { textOf } from "./url-text.js";

type HeaderValues = Record<string, string | string[] | undefined>;

/** The parts from which a request is made. */
export interface Derived extends Body {
  readonly phase: "connect" | "action";
  /** True when the question comes from an HTTP route, whose handler answers the request. */
  readonly isOverHttp: boolean;
  readonly method: string;
  readonly url: string;
  readonly headers: HeaderValues;
  readonly params: Readonly<Record<string, string>>;
  /** Names of payload fields that the query of a GET or HEAD cannot represent. */
  readonly unfitQuery: readonly string[];
  readonly handshake: Partial<IncomingMessage>;
  readonly scope: Scope;
}

/** Headers that belong to the handshake only, and headers by which a client could override the method of the rule. */
const STRIPPED =
  /^(connection|upgrade|keep-alive|te|trailer|transfer-encoding|expect|content-.*|sec-websocket-(key|version|extensions)|x-http-method(-override)?|x-method-override)$/;

/**
 * Derives the request that middlewares see from a question to a rule.
 *
 * @throws {PermissionDenied} When no request can be made of the data that the client sent.
 * @throws {PermissionMisuse} When a function among the options returned an unusable value.
 */
export function derive(caller: string, settings: DerivationSettings, context: HttpContext<never>): Derived {
  const scope = context.scope as Scope;
  const handshake = (scope.request ?? {}) as Partial<IncomingMessage>;
  const input = settings.params ? settings.params(context) : context.payload;
  const { body, bytes } = bodyOf(settings.body ? settings.body(context) : context.payload, settings.maxBody);
  const method = settings.methodOf(context.phase, context.action);
  const target = urlOf(settings, context, input, handshake);
  const { url, unfit } = isOwnQuery(settings, context)
    ? { url: target, unfit: NO_FIELDS }
    : targetOfMessage(target, method, settings, context);
  const headers = headersOf(caller, settings, scope, handshake);
  headers["content-length"] = String(bytes.length);
  return {
    phase: context.phase,
    isOverHttp: isOverHttp(context),
    method,
    url,
    unfitQuery: unfit,
    headers,
    params: paramsOf(input),
    body,
    bytes,
    handshake,
    scope,
  };
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

function isOverHttp({ consumer }: HttpContext<never>): boolean {
  // `authenticate` has no consumer yet.
  return consumer?.transport === "http";
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
  const [whole = "", fragment] = url.split("#", 2);
  const joined = `${whole}${whole.includes("?") ? "&" : "?"}${search}${fragment === undefined ? "" : `#${fragment}`}`;
  return { url: joined, unfit };
}

/** The URL of a message, and the names of the fields that its query cannot represent. */
interface Target {
  readonly url: string;
  readonly unfit: readonly string[];
}

const NO_FIELDS: readonly string[] = [];
const NO_NAMES: ReadonlySet<string> = new Set();

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

function paramsOf(input: Readonly<Record<string, unknown>>): Record<string, string> {
  const params: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(input)) {
    const text = textOf(value);
    if (text !== undefined) params[name] = text;
    else if (value !== undefined) refuseParam(params, name);
  }
  return params;
}

/**
 * Makes the reading of a param throw, because its value has no text. To the rule the param would be missing, although
 * its action gets a value. Rules that do not read the param are not affected, and a router may overwrite it.
 */
export function refuseParam(params: Record<string, unknown>, name: string): void {
  Object.defineProperty(params, name, {
    configurable: true,
    enumerable: false,
    get() {
      throw new PermissionDenied("invalid_input", { status: 400, reason: `\`${name.slice(0, 40)}\` does not fit.` });
    },
    set(value: unknown) {
      Object.defineProperty(params, name, { value, configurable: true, enumerable: true, writable: true });
    },
  });
}

function headersOf(
  caller: string,
  settings: DerivationSettings,
  scope: Scope,
  handshake: Partial<IncomingMessage>,
): HeaderValues {
  const headers: HeaderValues = {};
  for (const [name, value] of Object.entries((handshake.headers ?? scope.headers ?? {}) as HeaderValues)) {
    if (value !== undefined && !STRIPPED.test(name)) headers[name] = value;
  }
  if (settings.headers) addHeaders(caller, headers, settings.headers(scope as never));
  const cookie = withCookies(scope, headers.cookie);
  if (cookie === undefined && headers.cookie !== undefined) delete headers.cookie;
  else if (cookie !== headers.cookie) headers.cookie = cookie;
  headers["content-type"] = "application/json";
  return headers;
}

function addHeaders(caller: string, headers: HeaderValues, added: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(added)) {
    if (value === undefined) continue;
    const key = name.toLowerCase();
    if (STRIPPED.test(key) || typeof value !== "string") {
      throw new PermissionMisuse(`${caller}: \`headers\` returned ${show(value)} for ${name}: leave it out`);
    }
    if (!isHeader(name, value)) {
      throw new PermissionDenied("invalid_input", { status: 400, reason: "A header cannot be made of what was sent." });
    }
    headers[key] = value;
  }
}
