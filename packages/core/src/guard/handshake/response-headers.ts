/** Key of the headers for a handshake response, the same in all copies of this package. */
const HEADERS = Symbol.for("@portcullis/core/answerHeaders");

/** More than any response has. Keeps a rule that adds headers in a loop from filling the memory. */
const MAX_HEADERS = 64;

const NAME = /^[\w!#$%&'*+.^`|~-]+$/;
/** The characters of a header value (RFC 9110, section 5.5), without line breaks. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Headers that determine the framing of the response. Rules cannot set them. */
const OWN_HEADERS =
  /^(connection|content-(encoding|length|type)|transfer-encoding|upgrade|keep-alive|trailer|sec-websocket-.*)$/i;

/** A header of a handshake response. */
export type AnswerHeader = readonly [name: string, value: string];

/** True when name and value are valid in HTTP. They may contain text of a client. */
export function isHeader(name: string, value: unknown): value is string {
  return typeof name === "string" && NAME.test(name) && typeof value === "string" && VALUE.test(value);
}

/** True when a header is valid, and rules may set it. */
export function isForRules(name: string, value: unknown): value is string {
  return isHeader(name, value) && !OWN_HEADERS.test(name);
}

/**
 * Lets rules and `authenticate` add headers to a handshake response, until they are taken.
 *
 * @param request The raw handshake, which is `request` of the scope.
 */
export function openAnswerHeaders(request: object): void {
  Object.defineProperty(request, HEADERS, { value: [], configurable: true });
}

/**
 * Adds a header to a handshake response: the 101 or the refusal, and on socket.io the next response to a polling
 * client. Does nothing after that response, or when the transport cannot send headers, such as socket.io over
 * WebSocket. Invalid headers, and headers that rules cannot set, are left out of the response.
 *
 * @param request The raw handshake, which is `request` of the scope.
 * @param name The name, for example `Set-Cookie`. Each of its values is sent as a header of its own.
 * @param value The value.
 * @returns True when the header is kept for the response.
 */
export function addAnswerHeader(request: unknown, name: string, value: string): boolean {
  if (typeof request !== "object" || request === null) return false;
  const pairs = (request as { [HEADERS]?: AnswerHeader[] })[HEADERS];
  if (pairs === undefined || pairs.length >= MAX_HEADERS) return false;
  pairs.push([name, value]);
  return true;
}

/**
 * Removes and returns the added headers that can be sent. Later headers are not added. The last value of a name counts;
 * of `Set-Cookie` all values do.
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
