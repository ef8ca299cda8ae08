import { AllowAny, definePolicy, PermissionMisuse } from "@portcullis/core";
import { continuity } from "@portcullis/core/continuity";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { sleep, start, stopAll, until } from "../test/support.js";
import { dcrf, guard, type WsGuardOptions } from "./index.js";

afterEach(stopAll);

const policy = definePolicy({ actions: { "chat.send": AllowAny, send: AllowAny } });

/** The options of a guard whose clients renew with an action, over streams. */
function optionsOf(multiplex: boolean | readonly string[], action: string): WsGuardOptions {
  return {
    codec: dcrf({ multiplex }),
    authenticate: () => ({ user: { id: 1 } }),
    identify: () => ({ subjects: ["user:1"], expiresAt: Date.now() + 60_000 }),
    continuity: continuity({ renew: { action } }),
  };
}

/** Sends one frame, and returns all answers to it and the messages that the application got. */
async function ask(options: WsGuardOptions, frame: object) {
  const { url, handled } = await start({ policy: policy as never, options });
  const client = new WebSocket(url);
  const answers: unknown[] = [];
  client.on("message", (data) => answers.push(JSON.parse(String(data))));
  await new Promise((resolve) => client.once("open", resolve));
  client.send(JSON.stringify(frame));
  await until(() => answers.length > 0);
  await sleep(50);
  client.terminate();
  return { answers, handled };
}

const RENEWED = { errors: [], data: { expires_in: 59 }, request_id: 7, response_status: 200 };
const payload = (action: string) => ({ action, request_id: 7, token: "t" });

describe("a renewal over streams is answered once", () => {
  const ASKED: [string, WsGuardOptions, string, string][] = [
    ["by a stream of its own", optionsOf(["chat", "auth"], "auth.renew"), "auth", "renew"],
    ["by a stream of the application", optionsOf(["chat"], "chat.renew"), "chat", "renew"],
    ["by any stream, where all mean the same", optionsOf(true, "auth.renew"), "chat", "auth.renew"],
  ];
  test.each(ASKED)("%s", async (_what, options, stream, action) => {
    const { answers, handled } = await ask(options, { stream, payload: payload(action) });
    expect(answers).toEqual([{ stream, payload: { ...RENEWED, action } }]);
    expect(handled).toEqual([]);
  });

  const REFUSED: [string, object, number][] = [
    ["in another stream", { stream: "chat", payload: payload("auth.renew") }, 405],
    ["without a stream", payload("auth.renew"), 400],
  ];
  test.each(REFUSED)("and refused %s", async (_what, frame, response_status) => {
    const { answers } = await ask(optionsOf(["chat", "auth"], "auth.renew"), frame);
    expect(answers).toEqual([expect.objectContaining({ payload: expect.objectContaining({ response_status }) })]);
  });
});

test.each([
  ["auth.renew", ["chat", "rooms"]],
  ["renew", ["chat"]],
  ["chat.", ["chat"]],
  ["chatter.renew", ["chat"]],
])("the renewal `%s` without a stream for it throws", (action, streams) => {
  const make = () => guard(new WebSocketServer({ noServer: true }), policy, optionsOf(streams, action));
  expect(make).toThrow(PermissionMisuse);
  expect(make).toThrow(`no stream for "${action}"`);
  expect(make).toThrow('write { action: "chat.renew" }');
});
