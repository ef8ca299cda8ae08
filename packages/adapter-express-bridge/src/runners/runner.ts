import { endWith, type SignalSource } from "@portcullis/core/internal";
import type { Ending } from "../exchange/ending.js";
import { Exchange, type ExchangeLimits } from "../exchange/exchange.js";
import type { Derived } from "../exchange/make-request.js";
import type { HttpEvidence } from "../exchange/read-outcome.js";
import type { StopAt } from "./stop-at.js";

/** Runs middlewares on an exchange. The returned function reads their findings once they have passed. */
export type Runner = (exchange: Exchange, derived: Derived) => () => HttpEvidence;

/** The settings by which a chain is run. */
export interface RunnerSettings {
  /** True when user and session are those of the scope. */
  readonly usesScope: boolean;
  /** The name of the caller in messages, for example `fromExpress()`. */
  readonly caller: string;
  /** True when a router that asks nobody refuses. */
  readonly deniesUnmatched: boolean;
  readonly stopAt: StopAt;
}

/** A run that has ended. */
export interface Ended {
  readonly exchange: Exchange;
  readonly ending: Ending;
  readonly found: () => HttpEvidence;
}

/** Runs middlewares on a new exchange, until they have ended. */
export async function runToEnd(
  derived: Derived,
  limits: ExchangeLimits,
  runner: Runner,
  question: SignalSource,
): Promise<Ended> {
  const exchange = new Exchange(derived, limits);
  const stop = endWith(question, exchange);
  const found = runner(exchange, derived);
  const ending = await exchange.ending;
  stop();
  return { exchange, ending, found };
}
