import {
  type Consumer,
  type Decision,
  definePolicy,
  type Payload,
  PermissionMisuse,
  type Policy,
  type Rule,
  type Scope,
} from "@portcullis/core";
import { checkKeys, engineOf } from "@portcullis/core/internal";
import { type FromExpressOptions, fromExpress } from "./from-express.js";
import type { Middlewares } from "./middlewares.js";

/** One question to both rules. Missing properties of the scope are those of an anonymous client. */
export interface ParityCase {
  /** A description of the case, repeated in its difference. */
  readonly note?: string;
  /** Default `"action"`. */
  readonly phase?: "connect" | "action";
  /** The name of the action. Required unless `phase` is `"connect"`. */
  readonly action?: string;
  readonly payload?: Payload;
  readonly scope?: Partial<Scope> & Readonly<Record<string, unknown>>;
}

/** The comparable part of a decision. */
export interface ParityAnswer {
  readonly isAllowed: boolean;
  readonly status: number;
  readonly reason: string | undefined;
}

/** A case in which the two rules differ. */
export interface ParityDifference {
  /** The index of the case in the list, from 0. */
  readonly index: number;
  readonly note: string | undefined;
  readonly http: ParityAnswer;
  readonly socket: ParityAnswer;
}

const CASE_KEYS = ["note", "phase", "action", "payload", "scope"];

const ANONYMOUS: Scope = Object.freeze({
  transport: "parity",
  path: "/",
  query: Object.freeze({}),
  headers: Object.freeze({}),
  cookies: Object.freeze({}),
  origin: undefined,
  remoteAddress: "127.0.0.1",
  secure: false,
  subprotocols: Object.freeze([]),
  connectedAt: 0,
  user: null,
  request: undefined,
});
const NOBODY: Consumer = { id: "parity", transport: "parity", raw: undefined, close() {} };

/**
 * Evaluates an HTTP rule and a socket rule with the same cases, and lists the cases in which they differ in outcome or
 * in status. Useful while a rule moves from one to the other.
 *
 * @param policy The policy with the socket rules.
 * @param middleware The HTTP rule: the result of `fromExpress` or `fromKoa`, or Express middlewares.
 * @param cases The cases, at least one.
 * @param options The options of `fromExpress`, if middlewares are given.
 * @returns The differences, in the order of the cases. Empty when there is none.
 * @throws {PermissionMisuse} When there is no case, or a case has no action or an unknown key.
 * @example
 * ```ts
 * import { parity } from "@portcullis/adapter-express-bridge";
 * import { definePolicy, permission } from "@portcullis/core";
 * import express, { type RequestHandler } from "express";
 *
 * const requireKey: RequestHandler = (request, response, next) =>
 *   request.get("x-api-key") ? next() : response.sendStatus(403);
 * const hasKey = permission("hasKey", ({ scope }) => scope.headers["x-api-key"] === "secret");
 * const policy = definePolicy({ actions: { "report.create": hasKey } });
 * const cases = [
 *   { action: "report.create" },
 *   { action: "report.create", scope: { headers: { "x-api-key": "wrong" } } },
 * ];
 * const [difference] = await parity(policy, requireKey, cases, { app: express() });
 * console.assert(difference?.index === 1 && difference.http.isAllowed && !difference.socket.isAllowed);
 * ```
 */
export async function parity(
  policy: Pick<Policy<never>, "~types" | "describe">,
  middleware: Rule | Middlewares,
  cases: readonly ParityCase[],
  options: FromExpressOptions = {},
): Promise<ParityDifference[]> {
  const engine = engineOf(policy, "parity()");
  if (cases.length === 0)
    throw new PermissionMisuse('parity() got no case: give at least one, as in { action: "ping" }');
  const isRule = typeof middleware === "object" && !Array.isArray(middleware);
  const rule = isRule ? (middleware as Rule) : fromExpress(middleware as Middlewares, options);
  const differences: ParityDifference[] = [];
  for (const [index, one] of cases.entries()) {
    checkKeys(`parity(): case ${index}`, one, CASE_KEYS);
    const action = actionOf(one, index);
    const http = answerOf(await ask(definePolicy({ connect: rule, actions: { [action]: rule } }), action, one));
    const socket = answerOf(await ask(engine, action, one));
    // An allow has status 200, and no refusal has it.
    if (http.status !== socket.status) differences.push({ index, note: one.note, http, socket });
  }
  return differences;
}

function actionOf({ phase, action }: ParityCase, index: number): string {
  if (phase === "connect") return "connect";
  if (typeof action === "string") return action;
  throw new PermissionMisuse(`parity(): case ${index} has no action: give { action }, or { phase: "connect" }`);
}

async function ask(policy: object, action: string, { phase, payload = {}, scope }: ParityCase): Promise<Decision> {
  const asked = policy as Policy<Scope>;
  const full = { ...ANONYMOUS, ...scope } as Scope;
  return phase === "connect" ? asked.decideConnect(full, NOBODY, payload) : asked.decide(full, NOBODY, action, payload);
}

function answerOf({ outcome, status, reason }: Decision): ParityAnswer {
  return { isAllowed: outcome === "allow", status, reason };
}
