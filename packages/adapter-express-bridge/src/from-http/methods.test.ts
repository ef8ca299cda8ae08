import { AllowAny, and, definePolicy } from "@portcullis/core";
import express, { type RequestHandler } from "express";
import { expect, test } from "vitest";
import { nobody, scopeOf } from "../../test/support.js";
import { fromExpress } from "../index.js";

const app = express();
const readOnly: RequestHandler = ({ method }, response, next) =>
  method === "GET" ? next() : void response.status(403).json({ message: method });

const ACTIONS = ["list", "retrieve", "create", "update", "delete", "connect", "GET", "constructor", "__proto__", "x"];

test.each([
  ["alone", fromExpress(readOnly, { app })],
  ["in a combination", and(AllowAny, fromExpress(readOnly, { app }))],
])("A client chooses no method where no table names the actions: %s", async (_how, permissions) => {
  const policy = definePolicy({ connect: AllowAny, permissions });
  for (const action of ACTIONS) {
    expect(await policy.decide(scopeOf(), nobody, action, {})).toMatchObject({ status: 403, reason: "POST" });
  }
  expect(await policy.decideConnect(scopeOf(), nobody)).toMatchObject({ outcome: "allow" });
});

test("The option `methods` counts where no table names the actions", async () => {
  const policy = definePolicy({ permissions: fromExpress(readOnly, { app, methods: { look: "GET" } }) });
  expect((await policy.decide(scopeOf(), nobody, "look", {})).outcome).toBe("allow");
  expect((await policy.decide(scopeOf(), nobody, "list", {})).status).toBe(403);
});

test("A table names the actions for `permissions` too", async () => {
  const policy = definePolicy({ permissions: fromExpress(readOnly, { app }), actions: { list: AllowAny } });
  expect((await policy.decide(scopeOf(), nobody, "list", {})).outcome).toBe("allow");
});
