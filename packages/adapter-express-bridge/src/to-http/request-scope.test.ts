import { createServer, request } from "node:https";
import type { AddressInfo } from "node:net";
import { definePolicy, permission } from "@portcullis/core";
import express from "express";
import { afterEach, expect, test } from "vitest";
import { selfSigned } from "../../../adapter-ws/test/certificate.js";
import { atEnd, listen, send, stopAll } from "../../test/support.js";
import { toExpress } from "../index.js";

afterEach(stopAll);

/** A permission as a middleware, and the requests it has seen. */
function look() {
  const seen: object[] = [];
  const see = permission("see", ({ scope }) => {
    const { transport, path, query, remoteAddress, secure, headers, user } = scope;
    seen.push({ transport, path, query, remoteAddress, secure, key: headers["x-key"], user });
    return true;
  });
  return { seen, middleware: toExpress(definePolicy({ actions: { see } }), "see") };
}

/** The common properties of all requests in these tests. */
const asked = {
  transport: "http",
  path: "/rooms/lobby",
  query: { q: "1?2" },
  remoteAddress: "127.0.0.1",
  secure: false,
  key: "k",
  user: null,
};
const sent = { path: "/rooms/lobby?q=1?2", headers: { "x-key": "k", "x-forwarded-proto": "https" } };

test("a rule sees a request of Express", async () => {
  const { seen, middleware } = look();
  const app = express();
  app.use("/rooms", middleware, (_request, response) => void response.end());
  expect(await send((await listen(app)).port, sent)).toMatchObject({ status: 200 });
  expect(seen).toMatchObject([asked]);
});

test("a rule sees an Express request behind a trusted proxy", async () => {
  const { seen, middleware } = look();
  const app = express();
  app.set("trust proxy", true);
  app.use(middleware, (_request, response) => void response.end());
  await send((await listen(app)).port, sent);
  expect(seen).toMatchObject([{ ...asked, secure: true }]);
});

test("a rule sees a request of Node, by its socket", async () => {
  const { seen, middleware } = look();
  const { port } = await listen((request, response) => void middleware(request, response, () => response.end()));
  await send(port, sent);
  expect(seen).toMatchObject([asked]);
});

test("a rule sees a TLS request of Node by its socket", async () => {
  const { seen, middleware } = look();
  const server = createServer(selfSigned(), (request, response) => {
    void middleware(request, response, () => response.end());
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  atEnd(() => new Promise((resolve) => void server.close(() => resolve())));
  const { port } = server.address() as AddressInfo;
  const options = { ...sent, port, host: "127.0.0.1", rejectUnauthorized: false, agent: false };
  await new Promise((resolve, reject) => {
    const asking = request(options, (response) => void response.resume().on("end", resolve));
    asking.on("error", reject);
    asking.end();
  });
  expect(seen).toMatchObject([{ ...asked, secure: true }]);
});
