import type { Rules } from "../policy/compiled-rules.js";
import { isSignedIn } from "../rules/user.js";
import { printLine } from "../util/print-line.js";
import { HINTS } from "./hints.js";
import type { Hint, RefusalReport, Refused } from "./refused.js";

/**
 * Prints hints for developers: refusals that point at a mistake in the setup of a guard, each kind once. Texts of a
 * client are shortened, and control characters in them are replaced.
 */
export class SetupHints {
  readonly #kinds = new Set(HINTS);
  readonly #others = new Set<string>();
  readonly #authenticates: boolean;
  #hasFoundUser = false;
  #hasSignedIn = false;

  /** @param authenticates True when the guard has the option `authenticate`. */
  constructor(authenticates: boolean) {
    this.#authenticates = authenticates;
  }

  /** Takes what `authenticate` has returned. Never throws, whatever that does when it is read. */
  notice(extra: unknown): void {
    try {
      if (this.#hasSignedIn) return;
      const returned = Object(extra) as { user?: unknown };
      this.#hasFoundUser ||= "user" in returned;
      this.#hasSignedIn = isSignedIn(returned.user);
    } catch {
      // INVARIANT: the reader of the scope reports what cannot be read.
    }
  }

  /** Prints a hint that no refusal shows, once. */
  tellOnce(hint: string): void {
    if (this.#others.has(hint)) return;
    this.#others.add(hint);
    printHint(hint);
  }

  /** Prints the hint for a refusal, if there is one. Never throws, whatever a user object does when it is read. */
  tell(report: RefusalReport, rules: Rules): void {
    const refused = {
      ...report,
      rules,
      authenticates: this.#authenticates,
      hasFoundUser: this.#hasFoundUser,
      hasSignedIn: this.#hasSignedIn,
    };
    for (const kind of this.#kinds) {
      const told = hintOf(kind, refused);
      if (told === undefined) continue;
      this.#kinds.delete(kind);
      printHint(told);
    }
  }
}

/** Prints a hint that is printed once. */
export function printHint(told: string): void {
  const hint = told.endsWith("?") ? told : `${told}.`;
  printLine("warn", `portcullis: ${hint} This is printed once; \`hints: false\` turns it off.`);
}

/**
 * True when hints are printed by default: `NODE_ENV` is neither `production` nor `test`. Runtimes without `process` count
 * as production. So does Deno, where reading the environment may ask for a permission.
 */
export function isDevelopment(): boolean {
  const { process, Deno } = globalThis as { process?: { env?: Record<string, string> }; Deno?: unknown };
  const env = Deno === undefined ? process?.env : undefined;
  return env !== undefined && env.NODE_ENV !== "production" && env.NODE_ENV !== "test";
}

function hintOf(kind: Hint, refused: Refused): string | undefined {
  try {
    return kind(refused);
  } catch {
    return undefined;
  }
}
