import { ABSTAIN, FAULT, NO, THROW, type Way, YES } from "./probes.js";

const OUTCOMES = [YES, NO, ABSTAIN];

export const isFault = (way: Way): boolean => way === THROW || way === FAULT;

/** The same answers, with every other answer that the leaves at fault could have given. */
export function repairs([first, ...rest]: readonly Way[]): Way[][] {
  if (first === undefined) return [[]];
  const heads = isFault(first) ? OUTCOMES : [first];
  return repairs(rest).flatMap((tail) => heads.map((head) => [head, ...tail]));
}

/**
 * Maps each choice of answers to the choices that must be allowed if it is: those with other answers instead of its
 * faults.
 *
 * @returns Positions in `choices`, or `undefined` for a choice without a fault.
 */
export function obligations(choices: readonly (readonly Way[])[]): (number[] | undefined)[] {
  const keyOf = (choice: readonly Way[]) => choice.map(({ label }) => label).join(", ");
  const positions = new Map(choices.map((choice, index) => [keyOf(choice), index]));
  return choices.map((choice) =>
    choice.some(isFault) ? repairs(choice).map((repaired) => positions.get(keyOf(repaired)) as number) : undefined,
  );
}
