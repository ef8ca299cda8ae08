import type { IncomingMessage } from "node:http";
import type { Exchange, Skip } from "../exchange/exchange.js";
import { statusOfError } from "../exchange/read-outcome.js";
import { handlerFor, hasRoutes, routesMisuse, type StopAt } from "./express-routes.js";
import { Way } from "./router-path.js";

/** One function of a chain, as Express and connect call it. */
export type Handler = (...given: unknown[]) => unknown;

/** What one evaluation runs. */
export interface ChainRun {
  readonly chain: readonly Handler[];
  readonly exchange: Exchange;
  /** Whether a router in which no route matches refuses. */
  readonly deniesUnmatched: boolean;
  readonly stopAt: StopAt;
  /**
   * Whether the end of the chain allows. Where functions are named that are not to be run, only they do, and a router in
   * which no route matches where that lets pass.
   */
  mayPass: boolean;
  /** Puts back what a mounted application changes on request and response. */
  restore(): void;
}

/** Runs the functions of a chain one after the other, as Express does. Behind the last one the exchange has passed. */
export function runChain(run: Omit<ChainRun, "mayPass">): void {
  proceed({ ...run, mayPass: hasNoStops(run) }, 0, undefined);
}

function hasNoStops({ stopAt }: Pick<ChainRun, "stopAt">): boolean {
  return stopAt === undefined || stopAt.size === 0;
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
  if (thrown !== undefined) refuse(exchange, thrown.error);
  else if (run.mayPass) exchange.pass();
  else exchange.skip("unreached");
}

function refuse(exchange: Exchange, error: unknown): void {
  exchange.fail(error, statusOfError(error, exchange.response.statusCode));
}

function call(run: ChainRun, at: number, handler: Handler, thrown: Thrown | undefined): void {
  const { exchange } = run;
  const { request, response } = exchange;
  const isRouted = hasRoutes(handler);
  if (isRouted) delete routed(request).route;
  const way = new Way();
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
    const why = skipped(run, isRouted, way, fault);
    if (why) exchange.skip(why);
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
    const own = handlerFor(handler, exchange, run.stopAt, way);
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

/** Why the chain ends behind a handler that has gone on. */
function skipped(run: ChainRun, isRouted: boolean, way: Way, fault: Thrown | undefined): Skip | undefined {
  if (fault) {
    run.mayPass = hasNoStops(run);
    return undefined;
  }
  const route = isRouted ? routed(run.exchange.request).route : undefined;
  if (way.isLeft(route)) return "left";
  if (route !== undefined && way.holdsStop) return "unreached";
  if (!isRouted || route !== undefined) return undefined;
  if (run.deniesUnmatched) return "unmatched";
  if (way.holdsStop) run.mayPass = true;
  return undefined;
}

/** What a router of Express puts on a request. */
function routed(request: IncomingMessage): { route?: unknown; next?: unknown } {
  return request as { route?: unknown; next?: unknown };
}
