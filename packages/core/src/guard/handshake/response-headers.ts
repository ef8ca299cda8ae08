/** Where the headers of a handshake's answer are kept, across copies of this package. */
const HEADERS = Symbol.for("@portcullis/core/answerHeaders");

/** More than any answer has: a rule that adds them in a loop does not fill the memory. */
const MAX_HEADERS = 64;

const NAME = /^[\w!#$%&'*+.^`|~-]+$/;
/** What a value may be made of (RFC 9110, section 5.5): nothing that ends its line. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Headers that make the answer what it is; no rule sets them. */
const OWN_HEADERS =
  /^(connection|content-(encoding|length|type)|transfer-encoding|upgrade|keep-alive|trailer|sec-websocket-.*)$/i;

/** A header of the answer to a handshake. */
export type AnswerHeader = readonly [name: string, value: string];

/** Whether a header can be sent: it may have been made of what a client sent. */
export function isHeader(name: string, value: unknown): value is string {
  return typeof name === "string" && NAME.test(name) && typeof value === "string" && VALUE.test(value);
}

/** Whether a rule may set a header of an answer, and it can be sent. */
export function isForRules(name: string, value: unknown): value is string {
  return isHeader(name, value) && !OWN_HEADERS.test(name);
}

/**
 * Lets rules and `authenticate` add headers to the answer to a handshake, until they are taken.
 *
 * @param request The raw handshake: what the scope has under `request`.
 */
export function openAnswerHeaders(request: object): void {
  Object.defineProperty(request, HEADERS, { value: [], configurable: true });
}

/**
 * Adds a header to the answer to a handshake: to the 101 or the refusal, and over socket.io to the next response that a
 * client which polls gets. Does nothing where all is answered already, or where the transport cannot send any, such as
 * socket.io on a WebSocket. What is no header, or not for rules to set, is left out of the answer.
 *
 * @param request The raw handshake: what the scope has under `request`.
 * @param name The name, for example `Set-Cookie`; each value is sent as a header of its own.
 * @param value The value.
 * @returns Whether it is kept for the answer.
 */
export function addAnswerHeader(request: unknown, name: string, value: string): boolean {
  if (typeof request !== "object" || request === null) return false;
  const pairs = (request as { [HEADERS]?: AnswerHeader[] })[HEADERS];
  if (pairs === undefined || pairs.length >= MAX_HEADERS) return false;
  pairs.push([name, value]);
  return true;
}

/**
 * The headers that were added to the answer, as far as they can be sent; from now on none is. Of a name the last counts,
 * but cookies come beside each other.
 */
export function takeAnswerHeaders(request: object): readonly AnswerHeader[] {
  const holder = request as { [HEADERS]?: AnswerHeader[] };
  const headers = new Map<string, AnswerHeader>();
  for (const header of holder[HEADERS] ?? []) {
    const [name, value] = header;
    if (!isForRules(name, value)) continue;
    const key = name.toLowerCase();
    headers.set(key === "set-cookie" ? `${key}: ${value}` : key, header);
  }
  delete holder[HEADERS];
  return [...headers.values()];
}
