/** Why a chain has not come to its end without an answer. */
export type Skip =
  /** No route was there for the request. */
  | "unmatched"
  /** By `next("route")` or `next("router")`. */
  | "left"
  /** None of the functions was there at which the chain was to end. */
  | "unreached"
  /** The request has another method than its own. */
  | "method";

/** How middlewares have ended. */
export type Ending =
  /** They came to the end of their chain. */
  | { readonly how: "passed" }
  | {
      readonly how: "answered";
      /** Whether it is their own word: no error was there, and nothing that contradicts it. */
      readonly isOwn?: true;
    }
  | {
      readonly how: "failed";
      readonly error: unknown;
      /** Whether the middlewares have answered all the same: where they refuse so, that is what the client is told. */
      readonly isAnswered?: true;
    }
  | {
      readonly how: "skipped";
      readonly why: Skip;
    }
  | { readonly how: "late" }
  | { readonly how: "aborted" }
  /** They have destroyed the request. */
  | { readonly how: "destroyed" };
