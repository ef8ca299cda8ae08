import type { IncomingMessage } from "node:http";
import type { Exchange } from "./exchange.js";
import { statusOfError } from "./outcome.js";
import { handlerFor, hasRoutes, routesMisuse, type StopAt } from "./routes.js";

/** One function of a chain, as Express and connect call it. */
export type Handler = (...given: unknown[]) => unknown;

/** What one evaluation runs. */
export interface ChainRun {
  readonly chain: readonly Handler[];
  readonly exchange: Exchange;
  /** Whether a router in which no route matches refuses. */
  readonly deniesUnmatched: boolean;
  readonly stopAt: StopAt;
  /** Puts back what a mounted application changes on request and response. */
  restore(): void;
}

/** Runs the functions of a chain one after the other, as Express does. Behind the last one the exchange has passed. */
export function runChain(run: ChainRun): void {
  proceed(run, 0, undefined);
}

/** An error stands for itself; a middleware that throws nothing has thrown all the same. */
interface Thrown {
  readonly error: unknown;
}

function proceed(run: ChainRun, from: number, thrown: Thrown | undefined): void {
  const { chain, exchange } = run;
  for (let at = from; at < chain.length; at++) {
    const handler = chain[at] as Handler;
    // Four parameters take an error, and nothing else does.
    const isFitting = thrown === undefined ? handler.length < 4 : handler.length === 4;
    if (isFitting) {
      call(run, at, handler, thrown);
      return;
    }
  }
  if (thrown === undefined) exchange.pass();
  else refuse(exchange, thrown.error);
}

function refuse(exchange: Exchange, error: unknown): void {
  exchange.fail(error, statusOfError(error, exchange.response.statusCode));
}

function call(run: ChainRun, at: number, handler: Handler, thrown: Thrown | undefined): void {
  const { exchange } = run;
  const { request, response } = exchange;
  const isRouted = hasRoutes(handler);
  const isRouter = run.deniesUnmatched && isRouted;
  if (isRouter) delete routed(request).route;
  let isOver = false;
  let isSentBehind = false;
  const leave = (fault: Thrown | undefined) => {
    if (isOver || exchange.isEnded) {
      // It has gone on already: only a contradiction counts.
      if (fault) refuse(exchange, fault.error);
      return;
    }
    isOver = true;
    run.restore();
    // It has answered, and goes on all the same.
    if (response.headersSent) exchange.doubt();
    if (fault === undefined && isRouter && routed(request).route === undefined) exchange.skip("unmatched");
    else proceed(run, at + 1, fault);
    isSentBehind = response.headersSent;
  };
  const next = (given?: unknown) => {
    if (given === "route" || given === "router") exchange.skip("left");
    else leave(given ? { error: given } : undefined);
  };
  // What a response finds out by itself, as `sendFile`, `render` and `format` do, it tells here.
  routed(request).next = next;
  const fail = (error: unknown) => leave({ error: error ?? new Error("a middleware has thrown nothing") });
  try {
    // They were added after the rule was made.
    if (isRouted && run.stopAt === undefined) throw routesMisuse("an HTTP rule");
    const own = handlerFor(handler, exchange, run.stopAt);
    const answer = thrown ? own(thrown.error, request, response, next) : own(request, response, next);
    if (typeof (answer as Partial<PromiseLike<unknown>> | null | undefined)?.then === "function") {
      Promise.resolve(answer).then(undefined, fail);
    }
    // It has gone on, and answers all the same.
    if (isOver && !isSentBehind && response.headersSent) exchange.doubt();
  } catch (error) {
    fail(error);
  }
}

/** What a router of Express puts on a request. */
function routed(request: IncomingMessage): { route?: unknown; next?: unknown } {
  return request as { route?: unknown; next?: unknown };
}
