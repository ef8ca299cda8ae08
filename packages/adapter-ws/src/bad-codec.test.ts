import type { DecisionEvent } from "@portcullis/core";
import { AllowAny, PermissionMisuse } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { WebSocketServer } from "ws";
import { Client, start, stopAll, until } from "../test/support.js";
import { type Codec, type Decoded, type Frame, json, serve } from "./index.js";

const unhandled: unknown[] = [];
const note = (error: unknown) => void unhandled.push(error);
beforeAll(() => void process.on("unhandledRejection", note));
afterAll(() => void process.off("unhandledRejection", note));

afterEach(async () => {
  await stopAll();
  expect(unhandled).toEqual([]);
});

const SECRET = new Error("secret");
const fails = () => {
  throw SECRET;
};
const NOT_DECODED = new PermissionMisuse(
  "the codec's decode() must return { action, payload }: a string (or undefined) and an object",
);
const promised = (method: string) =>
  new PermissionMisuse(`the codec's ${method}() answered a promise: it must answer at once`);

describe("a codec that fails to decode", () => {
  const wrong: [string, () => unknown, Error][] = [
    ["throws", fails, SECRET],
    ["answers nothing", () => undefined, NOT_DECODED],
    ["answers null", () => null, NOT_DECODED],
    ["answers a number", () => 5, NOT_DECODED],
    ["answers an empty list", () => [], new PermissionMisuse("the codec's decode() answered an empty list")],
    ["answers a list of nothing", () => [undefined], NOT_DECODED],
    ["answers a promise", async () => ({ action: "ping" }), promised("decode")],
    ["answers a promise that rejects", async () => fails(), promised("decode")],
    ["names no string as action", () => ({ action: 5 }), NOT_DECODED],
    ["makes no object of the payload", () => ({ action: "ping", payload: [] }), NOT_DECODED],
    ["gives no string as what is bad", () => ({ action: "ping", bad: 5 }), NOT_DECODED],
    [
      "answers what throws when it is read",
      () => ({
        get action() {
          return fails();
        },
      }),
      SECRET,
    ],
  ];
  test.each(wrong)("and %s: the client gets bad_message, onDecision the error", async (_how, decode, error) => {
    const events: DecisionEvent[] = [];
    const asked: Decoded[] = [];
    const denied: Codec["denied"] = (request, { code }) => {
      asked.push(request);
      return code;
    };
    const { url, handled } = await start({
      options: { codec: { decode: decode as never, denied }, onDecision: (event) => void events.push(event) },
    });
    const client = await Client.open(url);
    client.send("anything");
    await until(() => client.received.length === 1);
    expect(client.received).toEqual(["bad_message"]);
    // The request holds nothing but an undefined action.
    expect(asked).toStrictEqual([{ action: undefined }]);
    expect(events.at(-1)).toMatchObject({ phase: "action", action: "", decision: { code: "bad_message" } });
    expect(events.at(-1)?.decision.error).toEqual(error);
    expect(handled).toEqual([]);
  });

  test("and throws a value that is not an Error", async () => {
    const events: DecisionEvent[] = [];
    const decode = () => {
      throw "secret";
    };
    const codec: Codec = { decode, denied: (_request, { code }) => code };
    const { url } = await start({ options: { codec, onDecision: (event) => void events.push(event) } });
    const client = await Client.open(url);
    client.send("anything");
    await until(() => client.received.length === 1);
    expect(client.received).toEqual(["bad_message"]);
    expect(events.at(-1)?.decision).toMatchObject({ code: "bad_message", error: expect.anything() });
  });
});

describe("a codec that fails to encode a refusal", () => {
  test.each<[string, () => unknown, unknown]>([
    ["throws", fails, SECRET],
    ["rejects", async () => fails(), promised("denied")],
    [
      "answers no frame",
      () => ({}),
      new PermissionMisuse("the codec's denied() answered an object: it must answer a string, or bytes"),
    ],
    ["answers a list of bytes", () => [1, 2], expect.any(PermissionMisuse)],
  ])(
    "%s: the client is told without it, onDecision the cause, and the connection lives",
    async (_how, denied, error) => {
      const events: DecisionEvent[] = [];
      const codec: Codec = { ...json(), denied: denied as never };
      const { url, handled, session } = await start({
        options: { codec, onDecision: (event) => void events.push(event) },
      });
      const client = await Client.open(url);
      client.send({ type: "secret" }, { type: "ping" });
      await until(() => handled.length === 1 && client.received.length === 1);
      expect(JSON.parse(client.received[0] as string)).toEqual({
        error: { code: "permission_denied", status: 403, reason: expect.any(String), retry: "never" },
      });
      const event = events.find(({ decision }) => decision.code === "permission_error");
      expect(event).toMatchObject({ phase: "action", action: "secret", decision: { by: "codec", status: 500 } });
      expect(event?.decision.error).toEqual(error);
      expect(event?.session).toBe(session());
    },
  );
});

describe("a codec that fails to encode a reply", () => {
  test.each<[string, () => unknown, unknown]>([
    ["throws", fails, SECRET],
    ["rejects", async () => fails(), promised("reply")],
  ])("%s: the client is refused, onDecision hears the cause, and the connection lives", async (_how, reply, error) => {
    const events: DecisionEvent[] = [];
    const consumer = defineConsumer().action("echo", AllowAny, ({ payload }) => payload);
    const { decode, denied } = json() as Codec;
    const codec: Codec = { decode, denied, reply: reply as never };
    const before = (wss: WebSocketServer) =>
      void serve(wss, consumer, { codec, onDecision: (event) => void events.push(event) });
    const { url } = await start({ isBare: true, before, onConnection: () => {} });
    const client = await Client.open(url);
    client.send({ type: "echo", id: 1 }, { type: "nope", id: 2 });
    expect(await client.replies(2)).toMatchObject([
      { id: 1, error: { code: "handler_error", status: 500 } },
      { id: 2, error: { code: "unknown_action" } },
    ]);
    expect(events.find(({ decision }) => decision.code === "handler_error")?.decision.error).toEqual(error);
  });

  test("is called with its own `this`", async () => {
    class Words {
      readonly mark = "!";
      decode(frame: Frame): Decoded {
        return { action: `${frame}${this.mark}` };
      }
      denied(_request: Decoded, { code }: { code: string }) {
        return `${code}${this.mark}`;
      }
      reply(_request: Decoded, data: unknown) {
        return `${data}${this.mark}`;
      }
    }
    const consumer = defineConsumer().action("hello!", AllowAny, () => "hello");
    const before = (wss: WebSocketServer) => void serve(wss, consumer, { codec: new Words() });
    const { url } = await start({ isBare: true, before, onConnection: () => {} });
    const client = await Client.open(url);
    client.send("hello", "other");
    await until(() => client.received.length === 2);
    expect(client.received).toEqual(["hello!", "unknown_action!"]);
  });
});
