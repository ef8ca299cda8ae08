import { once } from "node:events";
import { createServer } from "node:net";
import { PermissionMisuse } from "@portcullis/core";
import { describe, expect, test } from "vitest";
import { FrameReader, fragmentsOf, frameOf, OPCODE, textFrame } from "../src/attack/frames.js";
import { socketWire } from "../src/attack/wires/socketio.js";
import { wireOf } from "../src/attack/wires/wire-of.js";
import { type AttackOptions, attack, describeFindings } from "../src/attack.js";

const OPTIONS: AttackOptions = {
  protocol: "dcrf",
  accounts: { allowed: {}, denied: {} },
  actions: { open: { action: "ping" }, guarded: { action: "post" } },
};

describe("attack()", () => {
  test.each(["ws://app.example/", "http://192.168.1.1/", "ws://127.0.0.1.example/", "wss://[2001:db8::1]/"])(
    "does not go to %s unless it is named",
    async (url) => {
      await expect(attack(url, OPTIONS)).rejects.toThrow(`if "${new URL(url).hostname}" is your own server`);
      const another = { ...OPTIONS, allowHost: "other.example" };
      await expect(attack(url, another)).rejects.toThrow(PermissionMisuse);
    },
  );

  test.each([
    ["no URL", "nowhere", {}, 'needs a URL as in "ws://127.0.0.1:8080/chat"'],
    ["another protocol of URLs", "ftp://127.0.0.1/", {}, "needs a URL"],
    ["an unknown protocol", "ws://127.0.0.1/", { protocol: "mqtt" }, "wrong `protocol`"],
    ["a name that every object has", "ws://127.0.0.1/", { protocol: "constructor" }, "wrong `protocol`"],
    ["no accounts", "ws://127.0.0.1/", { accounts: undefined }, "accounts: { allowed, denied }"],
    ["an unknown limit", "ws://127.0.0.1/", { limits: { speed: 1 } }, "unknown limits: `speed`"],
    ["no number", "ws://127.0.0.1/", { limits: { unread: "all" } }, "got all as `limits.unread`"],
    ["a limit beyond all bounds", "ws://127.0.0.1/", { limits: { connections: 501 } }, "from 1 to 500"],
  ])("is misused with %s", async (_what, url, options, message) => {
    const misuse = attack(url, { ...OPTIONS, ...options } as AttackOptions);
    await expect(misuse).rejects.toThrow(message);
    await expect(misuse).rejects.toThrow(PermissionMisuse);
  });

  test("throws when the allowed account cannot connect", async () => {
    const server = createServer((socket) => socket.end("HTTP/1.1 401 Unauthorized\r\n\r\n")).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const failing = attack(`ws://127.0.0.1:${port}`, OPTIONS);
    await expect(failing).rejects.toThrow("attack() as `accounts.allowed`: `actions.open` was not answered (HTTP 401)");
    server.close();
  });
});

test("findings are formatted with holes first", () => {
  const text = describeFindings([
    { hole: "bad-packets", title: "one bad packet ends the process", held: true, evidence: "answered after 31" },
    { hole: "stale-rules", title: "rules are stale", held: "not applicable", evidence: "`revoke` is needed" },
    { hole: "binary-twins", title: "bytes are not guarded", held: false, evidence: "handled" },
  ]);
  expect(text.split("\n")).toEqual([
    "1 held, 1 holes, 1 not applicable",
    "HOLE  binary-twins  bytes are not guarded: handled",
    "held  bad-packets   one bad packet ends the process: answered after 31",
    "-     stale-rules   rules are stale: `revoke` is needed",
  ]);
  expect(describeFindings([])).toBe("0 held, 0 holes, 0 not applicable");
});

describe("frames", () => {
  test.each([0, 1, 125, 126, 65_535, 65_536])(
    "of %i bytes are read as they were written, however they arrive",
    (length) => {
      const data = Buffer.alloc(length, "a");
      const frame = frameOf(OPCODE.binary, data, { isMasked: false });
      const reader = new FrameReader();
      const middle = Math.floor(frame.length / 2);
      expect(reader.push(frame.subarray(0, middle))).toEqual([]);
      const read = reader.push(Buffer.concat([frame.subarray(middle), frame]));
      expect(read.map(({ opcode, isFinal }) => [opcode, isFinal])).toEqual(Array(2).fill([OPCODE.binary, true]));
      expect(read.every((one) => one.data.equals(data))).toBe(true);
    },
  );

  test("of a client are masked", () => {
    const frame = textFrame("secret");
    expect(frame.subarray(0, 2)).toEqual(Buffer.from([0x81, 0x86]));
    const mask = frame.subarray(2, 6);
    const text = frame.subarray(6).map((byte, index) => byte ^ (mask[index & 3] as number));
    expect(Buffer.from(text).toString()).toBe("secret");
  });

  test("can be invalid", () => {
    expect(frameOf(3, "", { reserved: 7 })[0]).toBe(0xf3);
    expect(frameOf(OPCODE.text, "", { claims: 1n << 63n }).subarray(2, 10)).toEqual(
      Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0]),
    );
    expect([...fragmentsOf("abc")].filter((byte) => byte === 0x89)).not.toEqual([]);
  });
});

describe("protocols", () => {
  const read = (protocol: AttackOptions["protocol"], text: string) => wireOf({ ...OPTIONS, protocol }).read(text, "/");

  test.each([
    ["dcrf", '{"request_id":1,"response_status":200,"errors":[]}', false],
    ["dcrf", '{"request_id":1,"response_status":403,"errors":["no"]}', true],
    ["json", '{"id":1,"data":null}', false],
    ["json", '{"id":1,"error":{"code":"no"}}', true],
    ["json-rpc", '{"jsonrpc":"2.0","id":1,"result":null}', false],
    ["json-rpc", '{"jsonrpc":"2.0","id":1,"error":{"code":-32003}}', true],
    ["socket.io", '431[{"ok":true}]', false],
    ["socket.io", '431[{"ok":false}]', true],
    ["socket.io", '431[{"error":"no"}]', true],
  ] as const)("%s: %s", (protocol, text, isRefusal) => {
    expect(read(protocol, text)).toEqual({ kind: "answer", id: 1, isRefusal });
  });

  test.each(["", "{", "null", "[1]", "43", "431", "42[]"])("are not misread as an answer: %j", (text) => {
    for (const protocol of ["dcrf", "json", "json-rpc", "socket.io"] as const) {
      expect(read(protocol, text)?.kind ?? "event").toBe("event");
    }
  });

  test("can be custom, and can have a stream", () => {
    expect(read({ request: () => "", read: () => ({ id: 7, isRefusal: true }) }, "x")).toMatchObject({ id: 7 });
    const wire = wireOf({ ...OPTIONS, protocol: { kind: "dcrf", stream: "chat" } });
    expect(JSON.parse(wire.message("/", 1, "post", { text: "x" }))).toEqual({
      stream: "chat",
      payload: { action: "post", request_id: 1, text: "x" },
    });
    expect(wire.read('{"stream":"chat","payload":{"request_id":1,"response_status":401}}', "/")).toMatchObject({
      isRefusal: true,
    });
  });

  test("of socket.io distinguish namespaces", () => {
    const wire = socketWire("/socket.io/");
    expect(wire.message("/admin", 5, "post", { a: 1 })).toBe('42/admin,5["post",{"a":1}]');
    expect(wire.read('40/admin,{"sid":"s","pid":"p"}', "/admin")).toEqual({ kind: "entered", pid: "p" });
    expect(wire.read('40/admin,{"sid":"s","pid":"p"}', "/")).toBeUndefined();
    expect(wire.read('42["greeting","offset"]', "/")).toEqual({ kind: "event", offset: "offset" });
    expect(wire.read("2", "/")).toEqual({ kind: "reply", text: "3" });
    expect(wire.address(new URL("http://127.0.0.1:1/"), "/").href).toBe(
      "http://127.0.0.1:1/socket.io/?EIO=4&transport=websocket",
    );
  });
});
