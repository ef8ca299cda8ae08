/** Replaces control characters in a client's text, and cuts it to 200 characters. */
export function printable(text: string): string {
  return text.slice(0, 200).replace(/[\p{C}\u2028\u2029]/gu, "?");
}
