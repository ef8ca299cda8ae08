/**
 * Replaces control characters in a client's text, and cuts it.
 *
 * @param length The most characters. Names are cut shorter, because a client may send a token in the place of a name.
 */
export function printable(text: string, length = 200): string {
  return text.slice(0, length).replace(/[\p{C}\u2028\u2029]/gu, "?");
}
