import type { ContinuityHook } from "@portcullis/core/internal";
import type { SocketGuardOptions } from "./options.js";

type Continuity = NonNullable<SocketGuardOptions["continuity"]>;

/** The continuity of one guard, which keeps what the option makes of it. */
export class HeardContinuity {
  #hook: ContinuityHook | undefined;
  /** The option to give to the guard. */
  readonly option: Continuity | undefined;

  constructor(input: Continuity | undefined) {
    // Checked with the other options.
    if (typeof input?.["~attach"] !== "function") this.option = input;
    else this.option = { ...input, "~attach": (runtime) => this.#keep(input["~attach"](runtime)) };
  }

  /** `undefined` before the guard is made, and without the option. */
  get hook(): ContinuityHook | undefined {
    return this.#hook;
  }

  #keep(hook: ContinuityHook): ContinuityHook {
    this.#hook = hook;
    return hook;
  }
}
