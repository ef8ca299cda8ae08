import type express from "express";
import type Koa from "koa";
import type { HttpRuleOptions, Middlewares } from "../../src/index.js";

/** The tools to make a row, for one version of a framework. */
export interface ExpressTools {
  readonly express: typeof express;
  readonly app: express.Application;
}
export interface KoaTools {
  readonly app: Koa;
}

/** One request, the same over HTTP, at connect and as an action. */
export interface Case {
  readonly path?: string;
  readonly headers?: Record<string, string>;
  /** The body over HTTP, and the payload of the action. A connection has none. */
  readonly payload?: Record<string, unknown>;
  /** The number of times it is sent. The last answer counts. */
  readonly times?: number;
  /** The only phase of the case. A connection has no body, and some guards check writing methods only. */
  readonly only?: "connect" | "action";
  /** The reason why the answer on a socket differs from HTTP, for each phase that differs. */
  readonly differs?: { readonly connect?: string; readonly action?: string };
}

/** Middlewares of one package, created anew for each server, because they have state. */
export interface Made {
  /** The middlewares of the package. */
  readonly subject: Middlewares;
  readonly before?: Middlewares;
  readonly after?: Middlewares;
  /** True when the chain reads the body itself. Otherwise the server has read it before. */
  readonly readsBody?: boolean;
  /** The part that the chain replaces for the handler behind it. A handler on a socket may not get the replacement. */
  readonly changes?: "body" | "query";
  /** Options beside the application. */
  readonly options?: HttpRuleOptions;
  readonly cases: { readonly allowed: Case; readonly refused: Case; readonly malformed: Case } & Record<string, Case>;
}

export type Row = { readonly package: string; readonly what: string } & (
  | { readonly framework: "express"; readonly make: (tools: ExpressTools) => Made | Promise<Made> }
  | { readonly framework: "koa"; readonly make: (tools: KoaTools) => Made | Promise<Made> }
);

/** Declares a row for a package with Express. */
export function withExpress(name: string, what: string, make: (tools: ExpressTools) => Made | Promise<Made>): Row {
  return { package: name, what, framework: "express", make };
}

/** Declares a row for a package with Koa. */
export function withKoa(name: string, what: string, make: (tools: KoaTools) => Made | Promise<Made>): Row {
  return { package: name, what, framework: "koa", make };
}

/** The chain, with or without the package. */
export function chainOf(made: Made, isLeftOut: boolean, pass: Middlewares): Middlewares {
  const { before = [], after = [] } = made;
  return isLeftOut ? [pass, before, after] : [before, made.subject, after];
}

/** The answer to one request. */
export interface Result {
  readonly isAllowed: boolean;
  readonly status: number;
  /** The message for a human. `undefined` for an empty body or a page. */
  readonly message: string | undefined;
  readonly challenge?: string | undefined;
  readonly location?: string | undefined;
  /** Names of the cookies that are set. `undefined` if none can be set. */
  readonly cookies?: readonly string[] | undefined;
}

/** Answers the cases of one row. */
export interface Asker {
  ask(one: Case): Promise<Result>;
  /** For HTTP only. True when the last handler saw another value than the one that was sent. */
  readonly hasChanged?: () => boolean;
}

/** One version of a framework, in one phase. */
export interface Setting {
  readonly row: Row;
  /** `express`, `express4`, `koa` or `koa2`. */
  readonly version: string;
  readonly phase: "connect" | "action";
  readonly isLeftOut?: boolean;
}
