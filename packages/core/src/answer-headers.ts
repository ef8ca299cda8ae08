/** Where the headers of a handshake's answer are kept, across copies of this package. */
const HEADERS = Symbol.for("@portcullis/core/answerHeaders");

/** More than any answer has: a rule that adds them in a loop does not fill the memory. */
const MAX_HEADERS = 64;

type Pairs = [name: string, value: string][];

/**
 * Lets rules and `authenticate` add headers to the answer to a handshake, until they are taken.
 *
 * @param request The raw handshake: what the scope has under `request`.
 */
export function openAnswerHeaders(request: object): void {
  Object.defineProperty(request, HEADERS, { value: [], configurable: true });
}

/**
 * Adds a header to the answer to a handshake, with the 101 or with the refusal. Says nothing where it was answered
 * already, or where the transport cannot send any. The adapter leaves out what is no header or not for rules to set.
 *
 * @param request The raw handshake: what the scope has under `request`.
 * @param name The name, for example `Set-Cookie`; each value is sent as a header of its own.
 * @param value The value.
 * @returns Whether it is kept for the answer.
 */
export function addAnswerHeader(request: unknown, name: string, value: string): boolean {
  if (typeof request !== "object" || request === null) return false;
  const pairs = (request as { [HEADERS]?: Pairs })[HEADERS];
  if (pairs === undefined || pairs.length >= MAX_HEADERS) return false;
  pairs.push([name, value]);
  return true;
}

/** The headers that were added to the answer; from now on none is. */
export function takeAnswerHeaders(request: object): readonly (readonly [name: string, value: string])[] {
  const holder = request as { [HEADERS]?: Pairs };
  const pairs = holder[HEADERS] ?? [];
  delete holder[HEADERS];
  return pairs;
}
