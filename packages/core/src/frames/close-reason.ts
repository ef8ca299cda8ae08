/** Bytes of a close reason: the 125 of a control frame without the two of the code (RFC 6455, section 5.5). */
const MAX_BYTES = 123;

/** Shortens the reason of a close to the bytes that a close frame can hold. */
export function closeReason(text: string): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(MAX_BYTES));
  return text.slice(0, read);
}
