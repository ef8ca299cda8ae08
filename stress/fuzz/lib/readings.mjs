// @ts-check
// An oracle without Portcullis, which reads each input again. It must allow every input that reached a handler, and
// refuse every refused one.

/**
 * One message as an application reads it.
 *
 * @typedef {{ bad: string } | { action: string, payload: Record<string, unknown>, isSilent?: boolean }} Reading
 */

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** @param {unknown} value @returns {value is Record<string, unknown>} */
const isRecord = (value) => Object.prototype.toString.call(value) === "[object Object]";

/** The own value of a key; nothing comes from a prototype. @param {object} record @param {string} key */
export function own(record, key) {
  return Object.getOwnPropertyDescriptor(record, key)?.value;
}

/** How deep a value is nested. @param {unknown} value @returns {number} */
function depth(value) {
  if (typeof value !== "object" || value === null) return 0;
  let most = 0;
  for (const inner of Object.values(value)) most = Math.max(most, depth(inner));
  return most + 1;
}

/** @param {Record<string, unknown>} frame @param {string} actionKey @param {string} idKey @returns {Reading} */
function readFlat(frame, actionKey, idKey) {
  if (depth(own(frame, idKey)) > 100) return { bad: "bad_message" };
  const action = own(frame, actionKey);
  if (action === undefined || action === null) return { bad: "missing_action" };
  if (typeof action !== "string") return { bad: "bad_message" };
  const payload = Object.fromEntries(Object.entries(frame).filter(([key]) => key !== actionKey && key !== idKey));
  return { action, payload };
}

/** @type {Record<string, (value: unknown) => Reading | Reading[]>} */
const READERS = {
  dcrf: (value) => (isRecord(value) ? readFlat(value, "action", "request_id") : { bad: "bad_message" }),
  multiplex: (value) => {
    if (!isRecord(value) || own(value, "stream") !== "main") return { bad: "bad_message" };
    const inner = own(value, "payload");
    return isRecord(inner) ? readFlat(inner, "action", "request_id") : { bad: "bad_message" };
  },
  json: (value) => (isRecord(value) ? readFlat(value, "type", "id") : { bad: "bad_message" }),
  "json-rpc": (value) => {
    if (Array.isArray(value) && value.length > 0) return value.map(readCall);
    return readCall(value);
  },
};

/** @param {unknown} value @returns {Reading} */
function readCall(value) {
  if (!isRecord(value) || own(value, "jsonrpc") !== "2.0") return { bad: "bad_message" };
  const [id, method, params] = ["id", "method", "params"].map((key) => own(value, key));
  const isId = id === undefined || id === null || typeof id === "string" || typeof id === "number";
  if (!isId || typeof method !== "string") return { bad: "bad_message" };
  if (params !== undefined && !isRecord(params) && !Array.isArray(params)) return { bad: "bad_message" };
  if (isRecord(params) && Object.hasOwn(params, "args")) return { bad: "bad_message" };
  const payload = Array.isArray(params) ? { args: params } : (params ?? {});
  return { action: method, payload, isSilent: id === undefined };
}

/**
 * Reads one frame: a message, or the messages of a batch.
 *
 * @param {string} codec
 * @param {Uint8Array} bytes
 * @returns {Reading | Reading[]}
 */
export function read(codec, bytes) {
  let value;
  try {
    value = JSON.parse(UTF8.decode(bytes));
  } catch {
    return { bad: "bad_message" };
  }
  return /** @type {any} */ (READERS)[codec](value);
}

/** The user of a token. @param {string | undefined} token */
export function userOf(token) {
  return token === "ann" || token === "root" ? token : undefined;
}

/**
 * The expected decision of the rules: `allow`, or the code of the refusal.
 *
 * @param {string | undefined} user
 * @param {string} action
 * @param {Record<string, unknown>} payload
 */
export function verdict(user, action, payload) {
  if (own(payload, "flagged") === true) return "permission_denied";
  const isInRoom = own(payload, "room") === "lobby";
  const when = (/** @type {boolean} */ isSo, code = "permission_denied") => (isSo ? "allow" : code);
  /** The code of a missing role. */
  const code = user === undefined ? "not_authenticated" : "permission_denied";
  switch (action) {
    case "open":
      return "allow";
    case "member":
      return when(user !== undefined, "not_authenticated");
    case "room":
    case "later":
      return when(isInRoom);
    case "admin":
      return when(user === "root", code);
    case "either":
      return when(isInRoom || user === "root", code);
    case "never":
      return "permission_denied";
    case "fault":
      return when(own(payload, "ok") === undefined, "permission_error");
    default:
      return "unknown_action";
  }
}

/**
 * The expected outcome of a message.
 *
 * @param {string | undefined} user
 * @param {Reading} reading
 */
export function outcomeOf(user, reading) {
  return "bad" in reading ? reading.bad : verdict(user, reading.action, reading.payload);
}

/**
 * The expected answer to a frame: `allow` where the application gets it, the code of its refusal, or the codes of a
 * batch; `undefined` where nothing is sent.
 *
 * @param {Reading | Reading[]} readings
 * @param {(reading: Reading) => string} outcome
 */
export function answerTo(readings, outcome) {
  const batch = [readings].flat();
  const outcomes = batch.map(outcome);
  if (outcomes.every((one) => one === "allow")) return "allow";
  // Notifications are not answered.
  const codes = batch.flatMap((reading, at) => {
    if (!("bad" in reading) && reading.isSilent) return [];
    return [outcomes[at] === "allow" ? "batch_refused" : outcomes[at]];
  });
  if (codes.length === 0) return undefined;
  return Array.isArray(readings) ? `[${codes}]` : codes[0];
}

/**
 * The expected outcome of a socket.io event. A client may not send events of the server.
 *
 * @param {string | undefined} user
 * @param {unknown} name
 * @param {readonly unknown[]} args
 */
export function eventOutcome(user, name, args) {
  if (typeof name !== "string" && typeof name !== "number") return "bad_message";
  if (/^(error|(dis)?connect|connect_error|disconnecting|newListener|removeListener)$/.test(String(name))) {
    return "bad_message";
  }
  const [first] = args;
  const isPlain = isRecord(first) && [Object.prototype, null].includes(Object.getPrototypeOf(first));
  if (isPlain && Object.hasOwn(first, "args")) return "bad_message";
  return verdict(user, String(name), isPlain ? first : {});
}

/**
 * True when a handshake may open a connection of members.
 *
 * @param {string | undefined} user
 * @param {readonly string[]} rawHeaders
 * @param {boolean} isListed Whether the origin must be that of the list, or that of the server.
 */
export function admission(user, rawHeaders, isListed) {
  const values = (/** @type {string} */ name) =>
    rawHeaders.filter((_value, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
  const origins = values("origin");
  const sites = values("sec-fetch-site");
  const isFit =
    origins.length > 0
      ? origins.length === 1 && (isListed ? isListedOrigin(String(origins[0])) : isOwn(origins[0], values("host")[0]))
      : sites.every((site) => site === "same-origin" || site === "none") &&
        (isListed || sites[0] === "same-origin" || values("cookie").length === 0);
  return user !== undefined && isFit ? "allow" : "not admitted";
}

/** True when an origin is that of the list, in any spelling of port and host. @param {string} origin */
function isListedOrigin(origin) {
  if (!/^https:\/\/[^/?#]+$/i.test(origin)) return false;
  try {
    return new URL(origin).origin === "https://app.example";
  } catch {
    return false;
  }
}

/** True for a page of the server. Over plain TCP, a proxy may have ended TLS. @param {string | undefined} origin @param {string | undefined} host */
function isOwn(origin, host) {
  try {
    const { protocol, host: of } = new URL(String(origin));
    return of !== "" && new URL(`${protocol}//${host}`).host === of;
  } catch {
    return false;
  }
}

/**
 * The expected outcome of the middlewares; `undefined` when the reading is not certain.
 *
 * @param {string | undefined} user
 * @param {Reading} reading
 * @param {string} [url] Of the handshake: a header is made of its query.
 * @returns {string | undefined}
 */
export function questionOutcome(user, reading, url = "") {
  if ("bad" in reading) return reading.bad;
  const { action, payload } = reading;
  const field = (/** @type {string} */ key) => own(payload, key);
  const when = (/** @type {boolean} */ isSo, code = "permission_denied") => (isSo ? "allow" : code);
  if (/^(member|order\.update|retrieve|search|named|koa)$/.test(action)) {
    const unfit = unfitFor(payload);
    if (unfit !== undefined) return unfit;
  }
  if (/^(member|retrieve|named|koa)$/.test(action) && isAmbiguous(url, payload)) return "invalid_input";
  if (action === "retrieve" && !isQuery(url, payload)) return "invalid_input";
  switch (action) {
    case "open":
      return "allow";
    case "member":
      return when(user !== undefined, "not_authenticated");
    case "never":
      return "permission_denied";
    case "shaped":
      return shapedOutcome(field("q"), field("id"), field("room"), !/%0[ad0]/i.test(url));
    case "order.update":
      return orderOutcome(user, field("id"), field("amount"));
    case "retrieve":
      return when(field("room") === "lobby", "not_found");
    case "search":
      return when(isOnly(field("q"), "yes"), "invalid_input");
    case "named":
      if (user === undefined) return "not_authenticated";
      if (typeof field("room") !== "string") return "permission_error";
      return when(/** @type {string} */ (field("room")).toUpperCase() === "LOBBY", "rate_limited");
    case "koa":
      return when(field("room") === "lobby");
    default:
      return "unknown_action";
  }
}

/**
 * True when a name is in the query of the handshake and in a message with different values.
 *
 * @param {string} url
 * @param {unknown} payload
 */
function isAmbiguous(url, payload) {
  const [, search = ""] = url.split("?", 2);
  const fields = new URLSearchParams(search);
  return [...new Set(fields.keys())].some((name) => {
    const value = own(/** @type {object} */ (payload), name);
    if (value === undefined) return false;
    const all = fields.getAll(name);
    const texts = Array.isArray(value) ? value : [value];
    const isList = all.length > 1;
    if (Array.isArray(value) !== isList || texts.length !== all.length) return true;
    return texts.some((text, at) => !/^(string|number|boolean)$/.test(typeof text) || String(text) !== all[at]);
  });
}

/**
 * True when the query of a GET can be made of a payload: no half of a surrogate pair, and no more fields than are read.
 *
 * @param {string} url
 * @param {unknown} payload
 */
function isQuery(url, payload) {
  const [, search = ""] = url.split("?", 2);
  const fields = new URLSearchParams(search);
  const isText = (/** @type {unknown} */ value) => /^(string|number|boolean)$/.test(typeof value);
  const carried = Object.entries(/** @type {object} */ (payload)).filter(
    ([name, value]) =>
      (Array.isArray(value) ? value.every(isText) : isText(value)) && !name.includes("[") && !fields.has(name),
  );
  const texts = carried.flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((one) => [name, one]));
  return (
    [...fields].length + texts.length <= 1000 && texts.every(([name, value]) => isWhole(name) && isWhole(String(value)))
  );
}

/** True when a text has no half of a surrogate pair. @param {string} text */
function isWhole(text) {
  try {
    return encodeURIComponent(text) !== "" || text === "";
  } catch {
    return false;
  }
}

/** Why a body cannot be made of a payload. @param {unknown} payload */
function unfitFor(payload) {
  try {
    // JSON reads 1e999 as Infinity, and cannot write it again.
    const text = JSON.stringify(payload, (_key, value) => {
      if (typeof value === "number" && !Number.isFinite(value)) throw new RangeError("not finite");
      return value;
    });
    return Buffer.byteLength(text) > 65_536 ? "payload_too_large" : undefined;
  } catch {
    return "invalid_input";
  }
}

/** @param {unknown} q @param {unknown} id @param {unknown} room @param {boolean} isHeader Whether a header can be made. */
function shapedOutcome(q, id, room, isHeader) {
  const unfit = unfitFor(room ?? {});
  if (unfit !== undefined) return unfit;
  let target;
  try {
    target = `/items/${q}`;
  } catch {
    return "permission_error";
  }
  if (!/^[\w\-.~%!$&'()*+,;=:@/?[\]]*$/.test(target)) return "invalid_input";
  if (!isHeader) return "invalid_input";
  if (target !== "/items/yes" || id === undefined) return "permission_denied";
  if (typeof id === "object" || (typeof id === "number" && !Number.isFinite(id))) return "invalid_input";
  return String(id) === "7" ? "allow" : "permission_denied";
}

/** True when a field, which may be a list, holds only this text. @param {unknown} value @param {string} text */
function isOnly(value, text) {
  const texts = [value].flat().filter((one) => ["string", "boolean"].includes(typeof one) || Number.isFinite(one));
  return texts.length === 1 && texts[0] === text;
}

/** @param {string | undefined} user @param {unknown} id @param {any} amount */
function orderOutcome(user, id, amount) {
  const isPart = typeof id === "string" || typeof id === "boolean" || Number.isFinite(id);
  if (!isPart || id === "" || id === "." || id === ".." || !(/** @type {any} */ (String(id)).isWellFormed())) {
    return "invalid_input";
  }
  if (user === undefined) return "not_authenticated";
  return String(id) === "7" && amount <= 100 ? "allow" : "permission_denied";
}

/**
 * The expected outcome of a request. Of fields with the same name, the last one counts.
 *
 * @param {string | undefined} user
 * @param {string} action
 * @param {readonly unknown[]} parts
 */
export function requestOutcome(user, action, parts) {
  const payload = new Map();
  for (const part of parts) {
    if (typeof part !== "object" || part === null || Array.isArray(part)) continue;
    for (const [key, value] of Object.entries(part)) payload.set(key, value);
  }
  return verdict(user, action, Object.fromEntries(payload));
}
