import type { HoleName, PlayResult } from "./findings.js";
import type { Target } from "./target.js";

/** A hole, with the attack that looks for it. */
export interface Hole {
  readonly name: HoleName;
  /** The failure in a sentence. */
  readonly title: string;
  play(target: Target): Promise<PlayResult>;
}
