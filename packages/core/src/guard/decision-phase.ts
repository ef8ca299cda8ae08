import type { Phase } from "../rules/tree.js";

/** The phase of a decision. The last four are those of `continuity()`. */
export type DecisionPhase = Phase | "renew" | "revalidate" | "revoke" | "expire";
