import type { Pass } from "../order.js";
import type { Sent } from "./sent.js";
import type { World } from "./world.js";

/** The transport between a client and its guard. */
export interface Stage {
  readonly guard: { readonly sessions: { readonly size: number }; close(): Promise<void> };
  /** The client knocks. Calls `opened` of the world for one that is admitted. */
  connect(): void;
  /** The client sends a message. */
  send(sent: Sent): void;
  /** The client goes away without a word. */
  leave(): void;
  /** Called when nothing is left to happen. Expects that the client has got all that was sent to it. */
  settled?(): void;
  /** Ends what is open beside the guard. */
  stop?(): void;
}

/** Guards a world: the core alone, or an adapter. */
export type MakeStage = (world: World) => Stage;

/** A kind of stage. */
export interface Staging {
  readonly make: MakeStage;
  /** Lets all that is under way between two steps go on. */
  readonly pass: Pass;
}
