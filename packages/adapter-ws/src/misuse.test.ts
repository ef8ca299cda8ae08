import { AllowAny, definePolicy, PermissionMisuse } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { afterEach, describe, expect, test, vi } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { type Codec, dcrf, guard, json, serve } from "./index.js";

afterEach(() => void vi.unstubAllGlobals());

const open = definePolicy({ permissions: AllowAny });
const detached = () => new WebSocketServer({ noServer: true });
const consumer = defineConsumer().action("echo", AllowAny, ({ payload }) => payload);

const NO_SERVER = "guard() needs a WebSocketServer of ws, as in guard(wss, ...)";
const WRONG_CODEC = "as `codec`: give dcrf(), json(), jsonRpc() or { decode, denied }";
const WRONG_STREAMS = "as `multiplex`: write true, or the names of the streams in a list";
const WRONG_KEYS = 'as a key: give keys that differ, as in json({ action: "type", id: "id", payload: "data" })';
const NO_CONSUMER = "serve() needs a consumer: give what defineConsumer() returned";

describe("an error names the mistake and the correction", () => {
  const withOptions = (options: object) => guard(detached(), open, options as never);
  const { decode, denied } = json() as Codec;

  test.each<[string, () => unknown, string]>([
    ["no server", () => guard({} as never, open), NO_SERVER],
    ["nothing for a server", () => guard(undefined as never, open), NO_SERVER],
    ["null for a server", () => guard(null as never, open), NO_SERVER],
    ["options that are null", () => guard({ options: null, handleUpgrade() {} } as never, open), NO_SERVER],
    ["options that are a text", () => guard({ options: "x", handleUpgrade() {} } as never, open), NO_SERVER],
    ["no method to upgrade", () => guard({ options: {}, handleUpgrade: true } as never, open), NO_SERVER],
    [
      "no policy",
      () => guard(detached(), {} as never),
      "guard() got an object as its policy: give what definePolicy({ ... }) returned",
    ],
    ["a wrong codec", () => withOptions({ codec: { decode() {} } }), WRONG_CODEC],
    ["a codec that is null", () => withOptions({ codec: null }), WRONG_CODEC],
    [
      "a codec whose reply is none",
      () => withOptions({ codec: { decode, denied, reply: 1 } }),
      "got 1 as `codec.reply`: give a function",
    ],
    ["a wrong way to refuse", () => withOptions({ refuse: "drop" }), 'as `refuse`: write "status" or "close"'],
    [
      "a challenge that is no header",
      () => withOptions({ challenge: "Bearer\r\nx: y" }),
      "as `challenge`: give a header value, as in 'Bearer realm=\"app\"'",
    ],
    [
      "a grace that is no time",
      () => withOptions({ listenerGrace: 0 }),
      "`listenerGrace` is 0: give milliseconds, from 1 to 2147483647",
    ],
    [
      "fairScheduling that is no boolean",
      () => withOptions({ fairScheduling: "no" }),
      "as `fairScheduling`: write true or false",
    ],
    [
      "an unknown option",
      () => withOptions({ codecs: [] }),
      "guard() has no option `codecs`: write `codec`; the options are",
    ],
    ["an unknown limit", () => withOptions({ limits: { pending: 1 } }), "pending"],
    ["no function to authenticate", () => withOptions({ authenticate: {} }), "authenticate"],
    ["no consumer", () => serve(detached(), {} as never), NO_CONSUMER],
    ["nothing for a consumer", () => serve(detached(), undefined as never), NO_CONSUMER],
    [
      "no server to serve over",
      () => serve({} as never, consumer),
      "serve() needs a WebSocketServer of ws, as in serve(wss, ...)",
    ],
    [
      "a codec that cannot answer",
      () => serve(detached(), consumer, { codec: { decode, denied } }),
      "serve() got a `codec` without reply(), by which handlers answer: add reply(request, data)",
    ],
    [
      "a policy in the place of a consumer",
      () => serve(detached(), consumer).replace(open as never),
      "serve() needs a consumer: give what defineConsumer() returned",
    ],
    ["streams without a name", () => dcrf({ multiplex: [] }), WRONG_STREAMS],
    ["a stream that is no name, beside one", () => dcrf({ multiplex: ["people", 5 as never] }), WRONG_STREAMS],
    [
      "an unknown option of dcrf",
      () => dcrf({ code: 1 } as never),
      "dcrf() has no option `code`: write `codes`; the options are codes",
    ],
    ["a key without a name", () => json({ action: "" }), WRONG_KEYS],
    ["one key for both", () => json({ action: "id" }), WRONG_KEYS],
    [
      "an unknown option of json",
      () => json({ key: 1 } as never),
      "json() has no option `key`: the options are action",
    ],
  ])("%s", (_what, misuse, message) => {
    expect(misuse).toThrow(PermissionMisuse);
    expect(misuse).toThrow(message);
  });

  test("a server that is guarded already", () => {
    const wss = detached();
    guard(wss, open);
    const message =
      "this server is guarded already: guard it once, and call guarded.replace(policy, options) to change its rules";
    expect(() => guard(wss, open)).toThrow(new PermissionMisuse(`guard(): ${message}`));
    expect(() => serve(wss, consumer)).toThrow(new PermissionMisuse(`serve(): ${message}`));
  });

  test("a server that another copy of this package guards", () => {
    const wss = Object.defineProperty(detached(), Symbol.for("@portcullis/adapter-ws/guarded"), { value: true });
    expect(() => guard(wss, open)).toThrow("guarded already");
  });
});

/** A server whose `handleUpgrade` runs code before, or instead of, that of ws. */
function serverThat(handle: (wss: WebSocketServer, values: Parameters<WebSocketServer["handleUpgrade"]>) => void) {
  class Own extends WebSocketServer {
    override handleUpgrade(...values: Parameters<WebSocketServer["handleUpgrade"]>) {
      handle(this, values);
    }
  }
  return new Own({ noServer: true });
}
const upgrade = WebSocketServer.prototype.handleUpgrade;

describe("a ws that does not read its options", () => {
  const unread = "does not read `verifyClient` and `WebSocket` from the server's options";

  test.each([
    ["verifyClient", (wss: WebSocketServer) => ({ ...wss.options, verifyClient: undefined })],
    ["WebSocket", (wss: WebSocketServer) => ({ ...wss.options, WebSocket })],
  ])("`%s` cannot be guarded, and stays as it was", (_what, forget) => {
    vi.stubGlobal("Bun", undefined);
    const wss = serverThat((own, values) => {
      upgrade.apply(Object.create(own, { options: { value: forget(own) } }), values);
    });
    const before = { ...wss.options };
    expect(() => guard(wss, open)).toThrow(
      new PermissionMisuse(`guard(): this version of ws ${unread}: use ws 8.17 or a later 8.x`),
    );
    expect(wss.options).toEqual(before);
  });

  test("in Bun gets the required version of Bun", () => {
    const { Bun: bun = { version: "1.3.14" } } = globalThis as { Bun?: { version: string } };
    if (!("Bun" in globalThis)) vi.stubGlobal("Bun", bun);
    const wss = Object.assign(detached(), { handleUpgrade() {} });
    expect(() => guard(wss, open)).toThrow(
      new PermissionMisuse(`guard(): the ws of Bun ${bun.version} ${unread}: use Bun 1.4.4 or later`),
    );
  });
});

describe("can be guarded", () => {
  test("a server that reads a request before forwarding it", () => {
    const wss = serverThat((own, values) => {
      const { method, url, headers } = values[0];
      if (method === "GET" && url?.startsWith("/") && headers.connection === "Upgrade") upgrade.apply(own, values);
    });
    expect(guard(wss, open).audit()).toEqual([]);
  });

  test("a server that sends something before the answer", () => {
    const wss = serverThat((own, values) => {
      values[1].write("HTTP/1.1 103 Early Hints\r\n\r\n");
      upgrade.apply(own, values);
    });
    expect(guard(wss, open).audit()).toEqual([]);
  });

  test("a server that does not keep its clients", () => {
    const wss = new WebSocketServer({ noServer: true, clientTracking: false });
    expect(guard(wss, open).audit()).toEqual([]);
  });
});

test("a wrong option leaves the server as it was", () => {
  const wss = detached();
  const before = { ...wss.options };
  expect(() => guard(wss, open, { refuse: "drop" as never })).toThrow(PermissionMisuse);
  expect(wss.options).toEqual(before);
  guard(wss, open);
  expect(WebSocketServer.prototype).not.toHaveProperty("options");
  expect(Object.getOwnPropertyNames(WebSocket.prototype)).not.toContain("emit");
});
