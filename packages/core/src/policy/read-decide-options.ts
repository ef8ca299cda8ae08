import { decisionFromError } from "../decision/decision-from-error.js";
import type { Decision } from "../decision/decision-types.js";
import { misuse, PermissionMisuse } from "../decision/errors.js";
import { checkKeys } from "../decision/read-options.js";
import type { AnswerRecord } from "../engine/record.js";
import type { Payload } from "../types.js";

/** The options of one question, read once. */
export interface ReadDecideOptions {
  /** True where the option `object` is there, whatever it is. */
  readonly hasObject: boolean;
  readonly object: unknown;
  readonly signal: AbortSignal | undefined;
  /** The record of an adapter. */
  readonly record: AnswerRecord | undefined;
}

/** A verb, for its error messages and its options. */
export interface Verb {
  /** As in `decide()`. */
  readonly caller: string;
  readonly options: readonly string[];
}

export const DECIDE: Verb = { caller: "decide()", options: ["object", "signal"] };
export const DECIDE_CONNECT: Verb = { caller: "decideConnect()", options: ["signal"] };
export const HANDLER_DECIDE: Verb = { caller: "decide()", options: ["object"] };
export const SESSION_DECIDE: Verb = { caller: "session.decide()", options: ["object"] };

const NONE: ReadDecideOptions = { hasObject: false, object: undefined, signal: undefined, record: undefined };

/**
 * Reads the options of `decide`, which never throws: options of another type, unknown ones, and options that throw where
 * they are read, are a fault.
 */
export function readDecideOptions(verb: Verb, options: unknown): ReadDecideOptions | Decision {
  if (options === undefined) return NONE;
  const { caller } = verb;
  try {
    if (!isPlain(options)) throw misuse(caller, options, "give { object, signal } as options, or leave them out");
    const { signal, object, record } = options as Partial<ReadDecideOptions>;
    if (signal !== undefined && !isSignal(signal)) {
      throw misuse(caller, signal, "give the signal of an AbortController", "`signal`");
    }
    // Adapters alone give the option `record`.
    checkKeys(caller, options, Object.hasOwn(options, "record") ? [...verb.options, "record"] : verb.options);
    return { hasObject: Object.hasOwn(options, "object"), object, signal, record };
  } catch (error) {
    return decisionFromError(error, "options");
  }
}

/**
 * Reads the options of `decide`. Where rules judge objects, an object in place of the payload is a fault, because no rule
 * would judge it.
 */
export function readQuestion(
  verb: Verb,
  { judgesObject }: { readonly judgesObject: boolean },
  payload: Payload,
  options: unknown,
): ReadDecideOptions | Decision {
  if (judgesObject && options === undefined && isOptions(payload)) {
    const error = new PermissionMisuse(
      `${verb.caller} got { object } as its payload: give it behind the payload, as in (action, payload, { object })`,
    );
    return decisionFromError(error, "options");
  }
  return readDecideOptions(verb, options);
}

/** True for a payload that looks like the options of a verb. */
function isOptions(payload: unknown): boolean {
  try {
    return /^object(,signal)?$/.test(String(Object.keys(payload as object)));
  } catch {
    return false;
  }
}

/** The options of a call. Those of a call with further arguments are a fault. */
export function optionsOf<O>(options: O, further: number): O {
  return further > 0 ? ("further arguments" as O) : options;
}

/** True for an object that has no class and no hidden keys. Any other may be the object of the action itself. */
function isPlain(options: unknown): options is object {
  return (
    options !== null &&
    [null, Object.prototype].includes(Object.getPrototypeOf(options)) &&
    Reflect.ownKeys(options as object).length === Object.keys(options as object).length
  );
}

/** Tells the fault of options that cannot be read. */
export function isFault(read: ReadDecideOptions | Decision): read is Decision {
  return "outcome" in read;
}

function isSignal(value: unknown): value is AbortSignal {
  const { aborted, addEventListener } = Object(value) as Partial<AbortSignal>;
  return typeof aborted === "boolean" && typeof addEventListener === "function";
}
