import { PermissionMisuse } from "@portcullis/core";
import type { Exchange } from "../exchange/exchange.js";
import type { Handler } from "./handler.js";

/** One call of a middleware, from its start until it calls `next` or answers. */
export class Call {
  /** True when the middleware has called `next`. */
  isOver = false;
  readonly #exchange: Exchange;
  readonly #handler: Handler;
  readonly #caller: string;
  #isSettled = false;
  #isFactory = false;

  /** @param caller The name of the caller in messages, for example `fromExpress()`. */
  constructor(exchange: Exchange, handler: Handler, caller: string) {
    this.#exchange = exchange;
    this.#handler = handler;
    this.#caller = caller;
    exchange.explainSilence = () => this.#silence();
  }

  /**
   * Reads what the middleware returned, or resolves to. Returns it for the router that has called.
   *
   * A returned function is a fault at once if the middleware takes no `next`: it is a factory that was not called. One
   * that takes `next` may call it later, and is explained at the deadline.
   */
  read(answer: unknown): unknown {
    if (answer instanceof Promise) {
      return answer.then((value) => {
        this.settle(value);
        return value;
      });
    }
    this.settle(answer);
    return answer;
  }

  /** The middleware has returned, or its promise is resolved. */
  settle(value: unknown): void {
    const exchange = this.#exchange;
    this.#isSettled = true;
    if (typeof value !== "function" || this.isOver || exchange.isEnded || exchange.response.headersSent) return;
    this.#isFactory = true;
    if (this.#handler.length < 3) exchange.fail(factoryMisuse(this.#caller, this.#handler), 500);
  }

  /**
   * Reads what a middleware of Koa returned, or resolves to. With it the middleware has ended, so a returned function is
   * a fault at once.
   */
  readAtEnd(answer: unknown): unknown {
    const check = (value: unknown) => {
      this.#isSettled = true;
      if (typeof value === "function" && !this.isOver) throw factoryMisuse(this.#caller, this.#handler);
      return value;
    };
    return answer instanceof Promise ? answer.then(check) : check(answer);
  }

  #silence(): Error {
    const what = quoted(this.#handler.name);
    if (this.#isFactory) return factoryMisuse(this.#caller, this.#handler);
    if (this.#exchange.response.headersSent) return new Error(`${what} has begun an answer, and did not end it`);
    if (this.#isSettled) return new Error(`${what} has returned without calling next() or answering`);
    return new Error(`${what} has returned a promise that did not settle`);
  }
}

/** The error for a function that makes a middleware, and was given in place of one. */
function factoryMisuse(caller: string, { name }: Handler): PermissionMisuse {
  return new PermissionMisuse(
    `${caller} got ${quoted(name)}, which returned a function: call it, as in ${caller.slice(0, -1)}${typeof name === "string" && name ? name : "requireRole"}(...))`,
  );
}

/** The name of a middleware in messages. */
function quoted(name: unknown): string {
  return typeof name === "string" && name ? `\`${name}\`` : "a middleware without a name";
}
