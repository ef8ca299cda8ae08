import type { Runner } from "./runner.js";
import { emptyMisuse } from "./stop-at.js";

/**
 * Wraps the runner of a chain that may hold nothing to ask: such a chain would allow everybody, so it fails instead.
 *
 * @param hasSomethingToAsk Looks through the chain. It is called anew for each exchange while the answer is false, because a
 *   router may get its routes after the chain was given.
 */
export function refuseEmpty(hasSomethingToAsk: () => boolean, runner: Runner): Runner {
  if (hasSomethingToAsk()) return runner;
  return (exchange, derived) => {
    if (hasSomethingToAsk()) return runner(exchange, derived);
    exchange.fail(emptyMisuse(), 500);
    return () => ({});
  };
}
