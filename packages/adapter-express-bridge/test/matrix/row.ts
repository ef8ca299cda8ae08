import type express from "express";
import type Koa from "koa";
import type { HttpRuleOptions, Middlewares } from "../../src/index.js";

/** What a row is made with: one version of a framework. */
export interface ExpressTools {
  readonly express: typeof express;
  readonly app: express.Application;
}
export interface KoaTools {
  readonly app: Koa;
}

/** One request: the same over HTTP, at connect and as an action. */
export interface Case {
  readonly path?: string;
  readonly headers?: Record<string, string>;
  /** The body over HTTP; the payload of the action. A connection has none. */
  readonly payload?: Record<string, unknown>;
  /** How often it is sent; the last answer counts. */
  readonly times?: number;
  /** Where it means something: a connection has no body, and some guards look at nothing but writing methods. */
  readonly only?: "connect" | "action";
  /** Why a socket is answered otherwise than HTTP, at the moments where it is. */
  readonly differs?: { readonly connect?: string; readonly action?: string };
}

/** Middlewares of one package, ready to be asked. Made anew for each server: what they remember is their own. */
export interface Made {
  /** What the package brings. */
  readonly subject: Middlewares;
  readonly before?: Middlewares;
  readonly after?: Middlewares;
  /** Whether the chain reads the body itself; else the server has read it before. */
  readonly readsBody?: boolean;
  /** What the chain makes anew for the handler behind it: what of that a socket's handler gets is another question. */
  readonly changes?: "body" | "query";
  /** What has to be said beside the application. */
  readonly options?: HttpRuleOptions;
  readonly cases: { readonly allowed: Case; readonly refused: Case; readonly malformed: Case } & Record<string, Case>;
}

export type Row = { readonly package: string; readonly what: string } & (
  | { readonly framework: "express"; readonly make: (tools: ExpressTools) => Made | Promise<Made> }
  | { readonly framework: "koa"; readonly make: (tools: KoaTools) => Made | Promise<Made> }
);

/** Declares what a package does under Express. */
export function withExpress(name: string, what: string, make: (tools: ExpressTools) => Made | Promise<Made>): Row {
  return { package: name, what, framework: "express", make };
}

/** Declares what a package does under Koa. */
export function withKoa(name: string, what: string, make: (tools: KoaTools) => Made | Promise<Made>): Row {
  return { package: name, what, framework: "koa", make };
}

/** The chain, or what is left of it without the package. */
export function chainOf(made: Made, isLeftOut: boolean, pass: Middlewares): Middlewares {
  const { before = [], after = [] } = made;
  return isLeftOut ? [pass, before, after] : [before, made.subject, after];
}

/** How one request was answered. */
export interface Result {
  readonly isAllowed: boolean;
  readonly status: number;
  /** What a human reads; `undefined` where there is nothing, or a page. */
  readonly message: string | undefined;
  readonly challenge?: string | undefined;
  readonly location?: string | undefined;
  /** Names of the cookies that are set; `undefined` where none can be. */
  readonly cookies?: readonly string[] | undefined;
}

/** Answers the cases of one row. */
export interface Asker {
  ask(one: Case): Promise<Result>;
  /** Over HTTP: whether the last handler that was reached saw something else than what was sent. */
  readonly hasChanged?: () => boolean;
}

/** One version of a framework, at one moment. */
export interface Setting {
  readonly row: Row;
  /** `express`, `express4`, `koa` or `koa2`. */
  readonly version: string;
  readonly phase: "connect" | "action";
  readonly isLeftOut?: boolean;
}
