import type { Limits } from "@portcullis/core";
import { ConnectAttempts } from "./connect-attempts.js";

/** Counts the namespaces for which one client makes the functions of the application run. */
export class LookupQuota {
  readonly #limits: Required<Limits>;
  readonly #attempts = new ConnectAttempts();
  /** Lookups without an answer yet. */
  #running = 0;

  constructor(limits: Required<Limits>) {
    this.#limits = limits;
  }

  /** Counts a lookup. Returns `"flood"` when the client asks for too many at once, or for the same too often. */
  count(name: string): "fine" | "often" | "flood" {
    const frequency = this.#attempts.count(name, this.#limits);
    return frequency === "fine" && this.#running >= this.#limits.namespaces ? "flood" : frequency;
  }

  begin(): void {
    this.#running += 1;
  }

  end(): void {
    this.#running -= 1;
  }
}
