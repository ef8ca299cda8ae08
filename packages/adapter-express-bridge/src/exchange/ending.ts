/** Reasons why a chain was left without an answer. */
export type Skip =
  /** No route matched the request, or a router ran none of its functions. */
  | "unmatched"
  /** A middleware called `next("route")` or `next("router")`. */
  | "left"
  /** No function of `stopAt` was reached. */
  | "unreached"
  /** A middleware changed the method of the request. */
  | "method";

/** The ending of a run of middlewares. */
export type Ending =
  /** The end of the chain was reached. */
  | { readonly how: "passed" }
  | {
      readonly how: "answered";
      /** True when the answer is the middlewares' own, with no error and nothing that contradicts it. */
      readonly isOwn?: true;
    }
  | {
      readonly how: "failed";
      readonly error: unknown;
      /** True when the middlewares answered beside the error. A refusing answer is then sent to the client. */
      readonly isAnswered?: true;
    }
  | {
      readonly how: "skipped";
      readonly why: Skip;
    }
  | {
      readonly how: "late";
      /** What the middlewares still owed at the deadline. */
      readonly cause?: Error | undefined;
    }
  | { readonly how: "aborted" }
  /** A middleware destroyed the request. */
  | { readonly how: "destroyed" };
