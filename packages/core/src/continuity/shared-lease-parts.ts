import type { OnScope } from "../guard/continuity-hook.js";
import type { AuthenticationWatch } from "./authentication-watch.js";
import type { ReadContinuityOptions } from "./options.js";
import type { RevalidationQueue } from "./revalidation-queue.js";
import type { Addressable, SubjectIndex } from "./subject-index.js";

/** The parts of a guard that its leases share. */
export interface SharedLeaseParts {
  readonly options: ReadContinuityOptions;
  readonly index: Pick<SubjectIndex<Addressable>, "add" | "remove">;
  readonly revalidations: RevalidationQueue;
  /** Tells the application of a new scope. */
  readonly onScope: OnScope<never> | undefined;
  /** @param isOpen True for a connection that is open already. */
  watch(isOpen?: boolean): AuthenticationWatch;
}
