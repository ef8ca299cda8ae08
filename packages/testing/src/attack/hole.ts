import type { HoleName, PlayResult } from "./findings.js";
import type { Target } from "./target.js";

/** One hole: what it is, and how it is looked for. */
export interface Hole {
  readonly name: HoleName;
  /** In a sentence, as what goes wrong. */
  readonly title: string;
  play(target: Target): Promise<PlayResult>;
}
