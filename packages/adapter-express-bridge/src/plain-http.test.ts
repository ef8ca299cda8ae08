import type { RequestListener } from "node:http";
import { allow, definePolicy, permission } from "@portcullis/core";
import express from "express";
import { afterEach, expect, test } from "vitest";
import { listen, send, stopAll } from "../test/support.js";
import { toExpress } from "./index.js";

afterEach(stopAll);

const policy = definePolicy({
  actions: {
    look: permission("look", ({ scope, payload }) => {
      const { path, query, remoteAddress, secure, user } = scope;
      return allow({ look: { path, query: { ...query }, remoteAddress, secure, user, payload } });
    }),
    shut: permission("shut", () => false),
  },
});

test("a server of Node's own may ask, without a framework", async () => {
  const look = toExpress(policy, "look");
  const shut = toExpress(policy, "shut");
  const server: RequestListener = (request, response) => {
    const middleware = request.url === "/shut" ? shut : look;
    void middleware(request, response, () => {
      response.end(JSON.stringify((response as { locals?: { evidence?: object } }).locals?.evidence));
    });
  };
  const { port } = await listen(server);
  const { status, body } = await send(port, { path: "/rooms/lobby?q=1" });
  expect([status, JSON.parse(body)]).toEqual([
    200,
    {
      look: {
        path: "/rooms/lobby",
        query: { q: "1" },
        remoteAddress: "127.0.0.1",
        secure: false,
        user: null,
        payload: {},
      },
    },
  ]);
  expect(await send(port, { path: "/shut" })).toMatchObject({ status: 403 });
});

test("what earlier middlewares have left in `locals` stays there", async () => {
  const app = express();
  app.use((_request, response, next) => {
    response.locals.plan = "pro";
    next();
  });
  app.use(toExpress(policy, "look"), (_request, response) => {
    response.json([response.locals.plan, Object.keys(response.locals.evidence)]);
  });
  expect(JSON.parse((await send((await listen(app)).port)).body)).toEqual(["pro", ["look"]]);
});

test("a response that has begun is not touched", async () => {
  const shut = toExpress(policy, "shut");
  const { port } = await listen((request, response) => {
    response.write("pa");
    shut(request, response, () => response.write("opened")).then(
      () => response.end("ge"),
      () => response.end("broken"),
    );
  });
  expect(await send(port)).toMatchObject({ status: 200, body: "page" });
});
