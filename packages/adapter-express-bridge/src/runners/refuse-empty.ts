import type { Runner } from "./runner.js";
import { emptyMisuse } from "./stop-at.js";

/**
 * Wraps the runner of a chain that may hold no deciding function. Such a chain would allow everyone, so it fails
 * instead.
 *
 * @param hasSomethingToAsk Searches the chain. Called again for each exchange until it returns true, because a router
 *   may get its routes after the chain was given.
 */
export function refuseEmpty(hasSomethingToAsk: () => boolean, runner: Runner): Runner {
  if (hasSomethingToAsk()) return runner;
  return (exchange, derived) => {
    if (hasSomethingToAsk()) return runner(exchange, derived);
    exchange.fail(emptyMisuse(), 500);
    return () => ({});
  };
}
