import type { IncomingMessage } from "node:http";
import type { Skip } from "../exchange/ending.js";
import type { Exchange } from "../exchange/exchange.js";
import { statusOfError } from "../exchange/http-refusal.js";
import { Call } from "./call.js";
import { handlerFor } from "./copy-router.js";
import { hasRoutes, isStacked } from "./express-routes.js";
import type { Handler } from "./handler.js";
import { explainMissing } from "./missing-session.js";
import { RouterPath } from "./router-path.js";
import { routesMisuse, type StopAt } from "./stop-at.js";

/** The chain of one evaluation. */
export interface ChainRun {
  readonly chain: readonly Handler[];
  readonly exchange: Exchange;
  /** The name of the caller in messages, for example `fromExpress()`. */
  readonly caller: string;
  /** True when a router that asks nobody refuses. */
  readonly deniesUnmatched: boolean;
  readonly stopAt: StopAt;
  /**
   * True when reaching the end of the chain allows. If `stopAt` names functions, reaching one of them allows. The end
   * then allows only behind a router without a matching route, if `unmatched` is `"allow"`.
   */
  mayPass: boolean;
  /** True when a router failed before it had asked anybody. An error handler that goes on then does not allow. */
  isUnmatched: boolean;
  /** Restores the prototypes of request and response, which a mounted application replaces. */
  restore(): void;
}

/** An error of any value, wrapped so that `undefined` stands for no error. */
interface Failure {
  readonly error: unknown;
}

/** Runs the functions of a chain one after the other, as Express does. The exchange passes after the last one. */
export function runChain(run: Omit<ChainRun, "mayPass" | "isUnmatched">): void {
  const { chain, exchange, caller, deniesUnmatched, stopAt, restore } = run;
  const mayPass = hasNoStops(run);
  // A spread with further properties would give every object a hidden class of its own.
  proceed({ chain, exchange, caller, deniesUnmatched, stopAt, restore, mayPass, isUnmatched: false }, 0, undefined);
}

function hasNoStops({ stopAt }: Pick<ChainRun, "stopAt">): boolean {
  return stopAt === undefined || stopAt.size === 0;
}

function proceed(run: ChainRun, from: number, failure: Failure | undefined): void {
  const { chain, exchange } = run;
  for (let at = from; at < chain.length; at++) {
    const handler = chain[at] as Handler;
    // A function of four parameters handles errors, and only errors.
    const isFitting = failure === undefined ? handler.length < 4 : handler.length === 4;
    if (isFitting) {
      new ChainStep(run, at, handler).call(failure);
      return;
    }
  }
  if (failure !== undefined) refuse(run, failure.error);
  else if (run.isUnmatched) exchange.skip("unmatched");
  else if (run.mayPass) exchange.pass();
  else exchange.skip("unreached");
}

function refuse({ exchange, caller }: ChainRun, error: unknown): void {
  const explained = explainMissing(error, exchange.request, caller);
  exchange.fail(explained, statusOfError(error, exchange.response.statusCode));
}

/** One call of one function of a chain. Only its first `next`, throw or rejection moves the chain on. */
class ChainStep {
  readonly #run: ChainRun;
  readonly #at: number;
  readonly #handler: Handler;
  readonly #isRouted: boolean;
  /** `undefined` for a plain function, since most chains hold no router. */
  readonly #path: RouterPath | undefined;
  readonly #call: Call;
  #isSentBehind: boolean | undefined;

  constructor(run: ChainRun, at: number, handler: Handler) {
    this.#run = run;
    this.#at = at;
    this.#handler = handler;
    this.#isRouted = hasRoutes(handler);
    this.#path = isStacked(handler) ? new RouterPath(run.exchange, run.caller) : undefined;
    this.#call = new Call(run.exchange, handler, run.caller);
  }

  call(failure: Failure | undefined): void {
    const { exchange, stopAt } = this.#run;
    const { request, response } = exchange;
    const routed = routedPartsOf(request);
    if (this.#isRouted) delete routed.route;
    const next = (input?: unknown) => this.#next(input);
    // `sendFile`, `render` and `format` of a response report their errors here.
    routed.next = next;
    try {
      // The routes were added after the rule was made.
      if (this.#isRouted && stopAt === undefined) throw routesMisuse("an HTTP rule");
      const answer = this.#invoke(failure, next);
      if (typeof (answer as Partial<PromiseLike<unknown>> | null | undefined)?.then === "function") {
        Promise.resolve(answer).then(
          (value) => this.#call.settle(value),
          (error) => this.#fail(error),
        );
      } else this.#call.settle(answer);
      // The function called `next` and then answered.
      if (this.#call.isOver && !this.#isSentBehind && response.headersSent) exchange.doubt();
    } catch (error) {
      this.#fail(error);
    }
  }

  #invoke(failure: Failure | undefined, next: Handler): unknown {
    const { exchange, stopAt } = this.#run;
    const { request, response } = exchange;
    const path = this.#path;
    // Called without a `this`, as Express calls them.
    let handler = this.#handler;
    if (path) handler = handlerFor(handler, { exchange, stopAt, path });
    else if (stopAt?.has(handler)) return exchange.pass();
    if (failure === undefined) return handler(request, response, next);
    exchange.doubt();
    return handler(failure.error, request, response, next);
  }

  #next(input: unknown): void {
    if (input === "route" || input === "router") {
      // A later call moves the chain no more.
      this.#call.isOver = true;
      this.#run.exchange.skip("left");
    } else this.#leave(input ? { error: input } : undefined);
  }

  #fail(error: unknown): void {
    this.#leave({ error: error ?? new Error("a middleware has thrown nothing") });
  }

  #leave(failure: Failure | undefined): void {
    const run = this.#run;
    const { exchange } = run;
    const { response } = exchange;
    if (this.#call.isOver || exchange.isEnded) {
      // The chain has already moved on. Only an error still counts.
      if (failure) refuse(run, failure.error);
      return;
    }
    this.#call.isOver = true;
    run.restore();
    // The function answered and then calls `next`.
    if (response.headersSent) exchange.doubt();
    const why = this.#end(failure);
    if (why) exchange.skip(why);
    else proceed(run, this.#at + 1, failure);
    this.#isSentBehind = response.headersSent;
  }

  /** Ends the step. Returns a reason when the chain ends here too. */
  #end(failure: Failure | undefined): Skip | undefined {
    const run = this.#run;
    const path = this.#path;
    if (failure) {
      run.mayPass = hasNoStops(run);
      if (path?.isUnmatched && run.deniesUnmatched) run.isUnmatched = true;
      return undefined;
    }
    const route = this.#isRouted ? routedPartsOf(run.exchange.request).route : undefined;
    if (path?.isLeft(route)) return "left";
    if (path === undefined) return undefined;
    const holdsStop = this.#isRouted && path.holdsStop;
    const isUnmatched = path.isUnmatched || (this.#isRouted && route === undefined);
    if (!isUnmatched) return holdsStop ? "unreached" : undefined;
    if (run.deniesUnmatched) return "unmatched";
    if (holdsStop) run.mayPass = true;
    return undefined;
  }
}

/** The properties that a router of Express sets on a request. */
function routedPartsOf(request: IncomingMessage): { route?: unknown; next?: unknown } {
  return request as { route?: unknown; next?: unknown };
}
