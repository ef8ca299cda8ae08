import { validateHeaderName, validateHeaderValue } from "node:http";
import { takeAnswerHeaders } from "@portcullis/core/adapter";

/** Headers that make the answer what it is; no rule sets them. */
const OWN_HEADERS =
  /^(connection|content-(length|type)|transfer-encoding|upgrade|keep-alive|trailer|sec-websocket-.*)$/i;

type Pair = readonly [name: string, value: string];

/** Whether a header can be sent: it has been written by a rule, perhaps with what a client sent. */
export function isHeader(name: string, value: unknown): boolean {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value as string);
    return typeof value === "string";
  } catch {
    return false;
  }
}

/** Whether a rule may set a header of an answer, and it can be sent. */
export function isForRules(name: string, value: unknown): boolean {
  return !OWN_HEADERS.test(name) && isHeader(name, value);
}

/** What rules have added to the answer to a handshake, as far as it can be sent. But for cookies, the last one counts. */
export function answerHeadersOf(request: object): Pair[] {
  const headers = new Map<string, Pair>();
  for (const [name, value] of takeAnswerHeaders(request)) {
    const key = name.toLowerCase();
    if (isForRules(name, value)) headers.set(key === "set-cookie" ? `${key}: ${value}` : key, [name, value]);
  }
  return [...headers.values()];
}

/** Adds to the 101 what rules have added to it: each value as a header of its own. */
export function addToUpgrade(lines: string[], request: object): void {
  for (const [name, value] of answerHeadersOf(request)) lines.push(`${name}: ${value}`);
}

/**
 * Another spelling of a header's name. ws takes the headers of a refusal as an object, where a name stands once; to a
 * client names are the same in upper and lower case.
 *
 * @param spelling The number of the spelling; 0 is all lower case.
 */
export function respell(name: string, spelling: number): string {
  let bits = spelling;
  return name.toLowerCase().replaceAll(/[a-z]/g, (letter) => {
    const isUpper = bits % 2 === 1;
    bits = Math.floor(bits / 2);
    return isUpper ? letter.toUpperCase() : letter;
  });
}
