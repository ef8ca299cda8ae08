// @ts-check

const NAME = "#policy=";

/**
 * A policy as the fragment of an address. Browsers do not send fragments to servers.
 *
 * @param {string} text
 */
export function linkOf(text) {
  const bytes = new TextEncoder().encode(text);
  const letters = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return `${NAME}${btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
}

/**
 * The policy in the address of this page. It is shown and not applied, because a link must not change the server.
 *
 * @returns {string | undefined} `undefined` when there is none, or it cannot be decoded
 */
export function textOfLink() {
  if (!location.hash.startsWith(NAME)) return undefined;
  try {
    const letters = atob(location.hash.slice(NAME.length).replaceAll("-", "+").replaceAll("_", "/"));
    return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(letters, (letter) => letter.charCodeAt(0)));
  } catch {
    return undefined;
  }
}
