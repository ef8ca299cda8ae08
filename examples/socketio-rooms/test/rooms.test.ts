import { io, type Socket } from "socket.io-client";
import { expect, onTestFinished, test } from "vitest";
import { runExample } from "../../test-support.js";

function connect(url: string, token?: string): Socket {
  const socket = io(url, { auth: { token }, forceNew: true });
  onTestFinished(() => void socket.close());
  return socket;
}

test("who is invited joins and speaks, and is refused once uninvited", async () => {
  const { url } = await runExample(import.meta.url);
  const [guest, bob, admin] = [connect(url), connect(url, "bob-token"), connect(`${url}/admin`, "ann-token")];
  const said: unknown[] = [];
  bob.on("said", (message) => said.push(message));

  expect(await guest.emitWithAck("room.join", { room: "lobby" })).toMatchObject({ ok: false, error: { status: 401 } });
  expect(await bob.emitWithAck("room.join", { room: "vault" })).toMatchObject({
    ok: false,
    error: { code: "not_invited", reason: "Ask somebody in vault to invite you." },
  });
  expect(await bob.emitWithAck("room.join", { room: "lobby" })).toEqual({ ok: true });
  bob.emit("room.say", { room: "lobby", text: "hello" });
  await expect.poll(() => said).toEqual([{ room: "lobby", text: "hello" }]);

  expect(await admin.emitWithAck("room.uninvite", { room: "lobby", name: "bob" })).toEqual({ ok: true });
  const denied = new Promise((resolve) => bob.on("permission_denied", resolve));
  bob.emit("room.say", { room: "lobby", text: "still here" });
  expect(await denied).toMatchObject({ action: "room.say", error: { code: "not_invited" } });
  expect(said).toHaveLength(1);
});

test("the namespace of admins is closed to others", async () => {
  const { url } = await runExample(import.meta.url);
  const socket = connect(`${url}/admin`, "bob-token");
  const error = await new Promise<Error & { data?: unknown }>((resolve) => socket.on("connect_error", resolve));
  expect(error.data).toMatchObject({ code: "permission_denied", status: 403 });
});
