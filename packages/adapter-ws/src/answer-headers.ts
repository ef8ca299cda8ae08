import { takeAnswerHeaders } from "@portcullis/core/internal";

/** Adds to the 101 what rules have added to it: each value as a header of its own. */
export function addToUpgrade(lines: string[], request: object): void {
  for (const [name, value] of takeAnswerHeaders(request)) lines.push(`${name}: ${value}`);
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
