import type { IncomingMessage, ServerResponse } from "node:http";

/** A request and its response. */
export interface HttpPair {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

type End = (this: unknown, ...input: unknown[]) => unknown;

/**
 * Keeps express-session from writing and touching an unmodified session, whose end would begin anew in a store with a
 * time of its own. It does so while the response ends, in the function `end` that it sets next, and only for a request
 * with the id of a session. So the id is hidden for as long as that function runs.
 */
export function leaveAlone({ request, response }: HttpPair, isUnmodified: () => boolean): void {
  const identified = request as { sessionID?: unknown };
  const end: unknown = response.end;
  Object.defineProperty(response, "end", {
    configurable: true,
    enumerable: true,
    get: () => end,
    set(next: End) {
      const hidden: End = function (this: unknown, ...input) {
        if (!isUnmodified()) return next.apply(this, input);
        const { sessionID } = identified;
        identified.sessionID = undefined;
        try {
          return next.apply(this, input);
        } finally {
          identified.sessionID = sessionID;
        }
      };
      // Later wrappers of `end` are those of other middlewares.
      Object.defineProperty(response, "end", { value: hidden, configurable: true, enumerable: true, writable: true });
    },
  });
}
