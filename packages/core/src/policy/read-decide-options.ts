import { decisionFromError } from "../decision/decision-from-error.js";
import type { Decision } from "../decision/decision-types.js";
import { misuse } from "../decision/errors.js";
import type { AnswerRecord } from "../engine/record.js";

/** The options of one question, read once. */
export interface ReadDecideOptions {
  /** True where the option `object` is there, whatever it is. */
  readonly hasObject: boolean;
  readonly object: unknown;
  readonly signal: AbortSignal | undefined;
  /** The record of an adapter. */
  readonly record: AnswerRecord | undefined;
}

/**
 * Reads the options of `decide`, which never throws: options of another type, and options that throw where they are read,
 * are a fault.
 *
 * @param caller The function that was called, as in `decide()`.
 */
export function readDecideOptions(caller: string, options: unknown): ReadDecideOptions | Decision {
  try {
    if (typeof options !== "object" || options === null) {
      throw misuse(caller, options, "give { object, signal } as options, or leave them out");
    }
    const { signal, object, record } = options as Partial<ReadDecideOptions>;
    if (signal !== undefined && !isSignal(signal)) {
      throw misuse(caller, signal, "give the signal of an AbortController", "`signal`");
    }
    return { hasObject: "object" in options, object, signal, record };
  } catch (error) {
    return decisionFromError(error, "options");
  }
}

/** Tells the fault of options that cannot be read. */
export function isFault(read: ReadDecideOptions | Decision): read is Decision {
  return "outcome" in read;
}

function isSignal(value: unknown): value is AbortSignal {
  const { aborted, addEventListener } = Object(value) as Partial<AbortSignal>;
  return typeof aborted === "boolean" && typeof addEventListener === "function";
}
