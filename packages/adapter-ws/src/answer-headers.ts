import { takeAnswerHeaders } from "@portcullis/core/frames";

/** Adds the headers that rules have set to the 101 response. Each value becomes a header line of its own. */
export function addToUpgrade(lines: string[], request: object): void {
  for (const [name, value] of takeAnswerHeaders(request)) lines.push(`${name}: ${value}`);
}

/**
 * Returns a header name in another mix of upper and lower case. ws takes the headers of a refusal as an object, which
 * holds each key once. Names are case-insensitive (RFC 9110, section 5.1), so spellings carry several `Set-Cookie`.
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
