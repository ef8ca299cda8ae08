// @ts-check

const NAME = "#policy=";

/**
 * A policy as the end of an address. What is behind a # stays in the browser: no server is told.
 *
 * @param {string} text
 */
export function linkOf(text) {
  const bytes = new TextEncoder().encode(text);
  const letters = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return `${NAME}${btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
}

/**
 * The policy that came with the address of this page. It is shown and not applied: a link must not change what runs.
 *
 * @returns {string | undefined} `undefined` where there is none, or it cannot be read
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
