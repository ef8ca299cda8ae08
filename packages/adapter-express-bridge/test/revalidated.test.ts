import { once } from "node:events";
import { guard } from "@portcullis/adapter-ws";
import { AllowAny, type Decision, type DecisionEvent, definePolicy, IsAuthenticated } from "@portcullis/core";
import { continuity, memoryRevocations } from "@portcullis/core/continuity";
import express, { type RequestHandler } from "express";
import Koa, { type Middleware } from "koa";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { fromExpress, useExpress } from "../src/index.js";
import { useKoa } from "../src/koa.js";
import { atEnd, listen, stopAll } from "./support.js";

afterEach(stopAll);

const REVALIDATE = { every: 500, grace: 200 };
const app = express();
const koa = Object.assign(new Koa(), { silent: true });

/** What a client asks of the middlewares: a status, or nothing. */
const state = { status: 0 };
const inExpress: RequestHandler = (request, response, next) => {
  if (state.status === 1) return;
  if (state.status !== 0) return void response.status(state.status).json({ message: "later" });
  next(void Object.assign(request, { user: { id: "ann" } }));
};
const inKoa: Middleware = async (context, next) => {
  if (state.status === 1) return new Promise(() => {});
  if (state.status !== 0) return void Object.assign(context, { status: state.status, body: { message: "later" } });
  context.state.user = { id: "ann" };
  return next();
};

const timeout = 100;
const KINDS: [string, (...given: never[]) => unknown, boolean][] = [
  ["useExpress", useExpress(inExpress, { app, timeout }), false],
  ["useKoa", useKoa(inKoa, { app: koa, timeout }), false],
  ["fromExpress", () => ({ user: { id: "ann" } }), true],
];

/** Opens a socket, changes what the middlewares say, and waits for the close. */
async function closeOf(authenticate: (...given: never[]) => unknown, isRule: boolean, status: number) {
  state.status = 0;
  const { server, port } = await listen(() => {});
  const wss = new WebSocketServer({ server });
  atEnd(async () => wss.close());
  const decisions: Decision[] = [];
  guard(
    wss,
    definePolicy({
      connect: isRule ? fromExpress(inExpress, { app, timeout }) : IsAuthenticated,
      permissions: AllowAny,
    }),
    {
      authenticate: authenticate as never,
      identify: () => ({ subjects: ["user:ann"] }),
      onDecision: ({ phase, decision }: DecisionEvent) => void (phase === "connect" || decisions.push(decision)),
      continuity: continuity({ revocations: memoryRevocations(), revalidate: REVALIDATE }),
    } as never,
  );
  const page = new WebSocket(`ws://127.0.0.1:${port}`);
  await once(page, "open");
  state.status = status;
  const [code] = await once(page, "close");
  return { code, first: decisions[0], last: decisions.at(-1) };
}

describe.each(KINDS)("where an open connection is asked again, %s", (_kind, authenticate, isRule) => {
  test.each([1, 404, 429, 503])("waits for the grace after the fault %d", async (status) => {
    const { code, first, last } = await closeOf(authenticate, isRule, status);
    expect([code, first?.outcome, first?.status]).toEqual([1013, "error", status === 1 ? 503 : status]);
    expect(last?.code).toBe("not_revalidated");
  });

  test.each([
    [401, 4401],
    [403, 4403],
  ])("closes after the denial %d", async (status, close) => {
    const { code, first } = await closeOf(authenticate, isRule, status);
    expect([code, first?.outcome, first?.status]).toEqual([close, "deny", status]);
  });
});
