import { AsyncLocalStorage } from "node:async_hooks";
import express, { type RequestHandler } from "express";
import { expect, test } from "vitest";
import { askAction, handshake, scopeOf } from "../test/support.js";
import { fromExpress } from "./index.js";

test("code after a deadline runs in its own async context", async () => {
  const als = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  const hangs: RequestHandler = (request, response) => {
    response.on("close", () => seen.push([request.get("x-name"), als.getStore()]));
  };
  const rule = fromExpress(hangs, { app: express(), timeout: 20 });
  const names = ["first", "second", "third"];
  const ask = (name: string) => als.run(name, () => askAction(rule, { scope: scopeOf(handshake({ "x-name": name })) }));
  const made = await Promise.all(names.map(ask));
  expect(made.map(({ code }) => code)).toEqual(names.map(() => "permission_timeout"));
  await expect.poll(() => seen).toEqual(names.map((name) => [name, name]));
});
