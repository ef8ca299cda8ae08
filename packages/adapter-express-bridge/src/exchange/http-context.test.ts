import { expect, test } from "vitest";
import { isHandshake, isServersOwn } from "./http-context.js";

const HTTP = { transport: "http", raw: {} };
const NEW = { transport: "ws", raw: undefined };
const OPEN = { transport: "ws", raw: {} };

test.each<[string, object, { opens: boolean; isOwn: boolean }]>([
  ["authenticate of a handshake", { phase: "connect" }, { opens: true, isOwn: false }],
  ["authenticate of an open connection", { phase: "connect", isOpen: true }, { opens: false, isOwn: false }],
  ["authenticate of an idle one", { phase: "connect", isOpen: true, isIdle: true }, { opens: false, isOwn: true }],
  ["connect of a handshake", { phase: "connect", consumer: NEW }, { opens: true, isOwn: false }],
  ["connect of an open connection", { phase: "connect", consumer: OPEN }, { opens: false, isOwn: true }],
  ["an action of a connection", { phase: "action", consumer: OPEN }, { opens: false, isOwn: false }],
  ["an action without a connection", { phase: "action", consumer: NEW }, { opens: false, isOwn: false }],
  ["connect of a route", { phase: "connect", consumer: HTTP }, { opens: false, isOwn: false }],
  ["an action of a route", { phase: "action", consumer: HTTP }, { opens: false, isOwn: false }],
])("%s", (_what, context, { opens, isOwn }) => {
  expect([isHandshake(context as never), isServersOwn(context as never)]).toEqual([opens, isOwn]);
});
