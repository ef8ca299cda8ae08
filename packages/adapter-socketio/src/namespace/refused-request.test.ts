import { AllowAny, DenyAll, definePolicy } from "@portcullis/core";
import { afterEach, expect, test, vi } from "vitest";
import { listen, Raw, stopAll, until } from "../../test/support.js";
import { guard } from "../guard.js";

afterEach(stopAll);

const all = definePolicy({ permissions: AllowAny });
const closed = definePolicy({ connect: DenyAll, permissions: AllowAny });

/** A client that was refused at the last of several CONNECT packets, with the calls of `onDecision`. */
async function refusedAt(packets: readonly string[], name: string, prepare: Parameters<typeof listen>[0]) {
  const raw = new Raw(await listen(prepare));
  for (const [n, packet] of packets.entries()) {
    await raw.send(packet);
    await until(() => raw.received.length === n + 2, "it is answered");
  }
  expect(raw.received.at(-1)).toMatch(new RegExp(`^44${name}`));
  return raw;
}

const large = (name: string) => `40${name},{"token":"${"x".repeat(2000)}"}`;
const answered = (phase: "connect", decision: object, namespace: string) => ({
  phase,
  action: "connect",
  decision,
  scope: { namespace, path: namespace, transport: "socket.io", user: null },
  consumer: { transport: "socket.io", raw: undefined },
  session: undefined,
});

test("an `auth` that is too large is reported once, with its scope", async () => {
  const onDecision = vi.fn();
  const limits = { pendingBytes: 2100 };
  await refusedAt([large("/a"), large("/b")], "/b", (io) => {
    for (const name of ["/a", "/b"]) guard(io.of(name), all, { limits, onDecision });
  });
  expect(onDecision).toHaveBeenCalledTimes(2);
  expect(onDecision.mock.calls[1]?.[0]).toMatchObject(answered("connect", { code: "payload_too_large" }, "/b"));
  expect(onDecision.mock.calls[1]?.[0].scope.auth).toEqual({ token: "x".repeat(2000) });
});

test("an `auth` that is too large before a lookup is reported once", async () => {
  const onDecision = vi.fn();
  await refusedAt([large("/a"), large("/nowhere")], "/nowhere", (io) => {
    io.of((_name, _auth, next) => next(null, false));
    guard(io.of("/a"), all, { limits: { pendingBytes: 2100 }, onDecision });
  });
  expect(onDecision).toHaveBeenCalledTimes(2);
  expect(onDecision.mock.calls[1]?.[0]).toMatchObject(answered("connect", { code: "payload_too_large" }, "/nowhere"));
});

test("each refusal of excessive retries is reported once", async () => {
  const onDecision = vi.fn();
  const packets = Array.from({ length: 5 }, () => "40/shut,");
  await refusedAt(packets, "/shut", (io) => {
    guard(io.of("/shut"), closed, { limits: { undecodable: 2 }, onDecision });
  });
  const codes = onDecision.mock.calls.map(([{ decision }]) => decision.code);
  expect(codes).toEqual([...Array(3).fill("permission_denied"), "rate_limited", "rate_limited"]);
  expect(onDecision.mock.calls[4]?.[0]).toMatchObject(answered("connect", { status: 429, retryAfter: 10 }, "/shut"));
});

test("a refusal by an unknown guard goes to the fallback guard", async () => {
  const [ofRoom, ofServer] = [vi.fn(), vi.fn()];
  await refusedAt([large("/"), large("/made")], "/made", (io) => {
    io.of("/made");
    guard(
      io.of((_name, _auth, next) => next(null, true)),
      all,
      { onDecision: ofRoom },
    );
    guard(io, all, { limits: { pendingBytes: 2100 }, onDecision: ofServer });
  });
  expect(ofRoom).not.toHaveBeenCalled();
  expect(ofServer.mock.calls.map(([{ decision }]) => decision.code)).toEqual(["allowed", "payload_too_large"]);
});

test.each([[null], [undefined], ["text"]])("a CONNECT with %j as `auth` is reported once", async (auth) => {
  const onDecision = vi.fn();
  await refusedAt(["40"], "", (io) => {
    guard(io, all, { onDecision });
    const namespace = io.sockets as unknown as { _add(...input: unknown[]): Promise<void> };
    const add = namespace._add;
    namespace._add = (client, _auth, whenOpen) => add.call(namespace, client, auth, whenOpen);
  });
  expect(onDecision.mock.calls).toMatchObject([[answered("connect", { code: "bad_message", status: 400 }, "/")]]);
  expect(onDecision.mock.calls[0]?.[0].scope.auth).toEqual({});
});

test("a CONNECT that socket.io fails at is reported once", async () => {
  const onDecision = vi.fn();
  await refusedAt(["40"], "", (io) => {
    guard(io, all, { onDecision });
    const namespace = io.sockets as unknown as { _createSocket(): Promise<object> };
    namespace._createSocket = async () => {
      throw new Error("of the adapter");
    };
  });
  expect(onDecision.mock.calls).toMatchObject([[answered("connect", { code: "permission_error", by: "guard" }, "/")]]);
});
